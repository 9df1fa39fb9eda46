/** The number of the daemon's API: a client and a daemon of different numbers do not speak with each other. */
export const API_NUMBER = 1;
