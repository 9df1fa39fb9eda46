// What commands do their work with: they get all of it, and name what they use.

export { ask } from '../client/ask.ts';
export { connect } from '../client/connect.ts';
export { followJournal, journal } from '../client/follow-journal.ts';
export { acceptMessage, denyMessage } from '../client/held-mail.ts';
export { messageHistory } from '../client/message-history.ts';
export { nextMessage, whileListening } from '../client/next-message.ts';
export { openOwnSeat } from '../client/open-seat.ts';
export { peerList } from '../client/peer-list.ts';
export { peerNames } from '../client/peer-names.ts';
export { replyFromSeat, requireMessageId } from '../client/reply.ts';
export { seatStatus } from '../client/seat-status.ts';
export { showMessage } from '../client/show-message.ts';
export { renameSeat, setAttention, startSeat } from '../client/start-seat.ts';
export { stopSeat } from '../client/stop-seat.ts';
export { toldError } from '../client/told-error.ts';
export { noMessageError, unansweredError } from '../client/wait-errors.ts';
export { waitingInOrder } from '../client/waiting-mail.ts';
export { resolveConfig, resolvePaths } from '../config/config.ts';
export { giveVerdict } from './give-verdict.ts';
export { countOption, secondsOption } from './number-options.ts';
export { seatOfCall } from './seat-of-call.ts';
export { shortPath } from './short-path.ts';
export { table } from './table.ts';
export { textFrom } from './text-input.ts';
export { localTime, timeAgo } from './time-text.ts';
export { v1Lines } from './v1-lines.ts';
export { showWait } from './wait-line.ts';
