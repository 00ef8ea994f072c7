/** How large a contract may be: apart from its readers, for a command that opens the file of one has no need of YAML yet. */
export const contractBytesMax = 5 * 1024 * 1024;
