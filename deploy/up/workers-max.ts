/** Node processes of one machine: one for each core of a large one. In a file of its own, for the help of commands loads quickly. */
export const workersMax = 128;
