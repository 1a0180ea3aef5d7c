/** One zstd frame of a known size, as Parquet's pages and Arrow's buffers are. */
import { decompress } from 'fzstd';

/** Bits of a frame's descriptor (RFC 8878, 3.1.1.1.1). */
const singleSegment = 0x20;

/**
 * Unpacks a frame.
 * @param size What it must come to, in bytes. @throws Error where the frame is damaged, or says another size.
 */
export function unzstdFrame(bytes: Uint8Array, size: number): Uint8Array {
  const said = contentSize(bytes);
  // The library sets aside what the frame says, whatever that is.
  if (said !== null && said !== size) throw new Error('a zstd frame says another size');
  const content = decompress(bytes);
  if (content.length !== size) throw new Error('a zstd frame has another size');
  return content;
}

/** The size that the frame says of itself; null where it says none. */
function contentSize(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & singleSegment) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return isSingle ? view.getUint8(at) : null;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
