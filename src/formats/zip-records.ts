/** The records of a zip, by their signatures. Source: PKWARE's APPNOTE.TXT, 4.3. */
export const endSignature = 0x06054b50;
export const end64Signature = 0x06064b50;
export const locator64Signature = 0x07064b50;
export const entrySignature = 0x02014b50;
export const localSignature = 0x04034b50;
export const endBytes = 22;
/** A comment at the end of a zip has at most so many bytes. */
export const longestComment = 0xffff;
