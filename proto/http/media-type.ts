/** The media type that a content-type names, without its parameters and in lower case (RFC 9110 §8.3.1); empty where there is none. Pure. */
export function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
