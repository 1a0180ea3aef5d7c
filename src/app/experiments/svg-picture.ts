/** An SVG file as a picture in PNG, twice as fine as it is drawn. */
import { EngineError } from '../../base/errors.ts';

const fineness = 2;

/** @throws EngineError where this browser draws none. */
export async function pictureOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = fineness * image.naturalWidth;
    canvas.height = fineness * image.naturalHeight;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
    if (blob !== null) return blob;
  } catch {
    // Told below.
  } finally {
    URL.revokeObjectURL(address);
  }
  throw new EngineError('This browser could not draw the picture.', 'Save the chart as SVG.');
}
