import { expect, it } from 'vitest';
import { gpuWish } from './gpu-wish.mjs';

it.each([
  ['serve --student d', 'none'],
  ['serve --student d --engine wgsl', 'named'],
  ['serve --student d --engine=wgsl', 'named'],
  ['serve --student d --engine tfjs', 'real'],
  ['train', 'real'],
  ['train --engine wgsl', 'named'],
  ['train --engine tfjs --backend webgpu', 'named'],
  ['train --backend=webgpu', 'named'],
  ['train --backend wasm', 'none'],
  ['generate --engine tfjs --backend cpu', 'none'],
  ['generate', 'real'],
  ['plan --seq 64', 'real'],
  ['sweep --spec s --engine wgsl', 'named'],
  ['sweep --spec s', 'none'],
  ['export --run engine --out wgsl', 'none'],
  ['train --engine', 'real'],
  ['', 'none'],
])('%s: %s', (line, wish) => {
  expect(gpuWish(line.split(' '))).toBe(wish);
});
