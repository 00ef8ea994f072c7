/**
 * What a new snapshot needs, got ready beside what is in force. Whatever may fail has been done; a snapshot that is
 * refused for another reason is discarded and leaves no trace. Exactly one of both is called, and neither can fail.
 */
export interface Prepared {
  commit(): void;
  discard(): void;
}
