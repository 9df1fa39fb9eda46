// What programs may build on. Every line is a public promise.

export { type AskOutcome, ask, type Question } from './client/ask.ts';
export type { ClientContext } from './client/client-context.ts';
export { type NextMessageWait, nextMessage } from './client/next-message.ts';
export { type OpenSeat, openOrMakeOwnSeat, openOwnSeat } from './client/open-seat.ts';
export type { SeatWish } from './client/own-seat.ts';
export { type ListedPeer, peerList } from './client/peer-list.ts';
export { showMessage } from './client/show-message.ts';
export { type ConfigInput, type ResolvedConfig, resolveConfig } from './config/config.ts';
export type { Peer } from './directory/peers.ts';
export { systemClock } from './lib/clock.ts';
export { CahootsError, ERROR_CATALOGUE, type ErrorCode, type ErrorReport } from './protocol/errors.ts';
export { isMessageId, isSeatId, type MessageId, type SeatId } from './protocol/ids.ts';
export { MAX_CONTENT_BYTES, type Message, type MessageType } from './protocol/message.ts';
export { MESSAGE_STATES, type MessageState, type StateRecord } from './protocol/receipt.ts';
export type { SeatKind, SeatState } from './protocol/seat.ts';
