/** A hub's file and its hash, taken of bytes as they come: no copy of the file is in memory. */
import { hexOf } from '../base/bytes.ts';

export interface HubFile {
  /** Within the repository; of a model without folders. */
  path: string;
  sizeBytes: number;
  /** Of large files the SHA-256 of their bytes; of others what git calls the file by: SHA-1 of `blob SIZE\0` and bytes. */
  hash: { algorithm: 'sha256' | 'git-sha1'; hex: string };
}

/**
 * @param pieces The file's bytes in order.
 * @returns In hex, as the hub lists it.
 */
export async function hashOfFile(
  pieces: AsyncIterable<Uint8Array>,
  { hash, sizeBytes }: Pick<HubFile, 'hash' | 'sizeBytes'>,
): Promise<string> {
  const hasher = await newHasher(hash.algorithm, sizeBytes);
  for await (const piece of pieces) hasher.update(piece);
  return hexOf(hasher.digest());
}

/** The browser's own digests take whole files alone. */
async function newHasher(algorithm: HubFile['hash']['algorithm'], sizeBytes: number) {
  switch (algorithm) {
    case 'sha256': {
      const { sha256 } = await import('@noble/hashes/sha2.js');
      return sha256.create();
    }
    case 'git-sha1': {
      const { sha1 } = await import('@noble/hashes/legacy.js');
      return sha1.create().update(new TextEncoder().encode(`blob ${sizeBytes}\0`));
    }
    default:
      return algorithm satisfies never;
  }
}
