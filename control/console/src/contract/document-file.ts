/** Files of OpenAPI documents, as far as control takes them. Pure. */

const BYTES_MAX = 5 * 1024 * 1024;

/** What is wrong with a file, before it is read. */
export const faultOf = ({ size }: Pick<File, 'size'>): string | null =>
  size > BYTES_MAX ? 'It is larger than 5 MiB.' : null;
