import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { signCount } from '../../store/run-sign.ts';
import { runLook } from './run-look.ts';

test('no two signs look the same, and neighbours differ in colour and dash', () => {
  const looks = Array.from({ length: signCount }, (_, sign) => runLook({ id: '', sign }));
  expect(new Set(looks.map((look) => JSON.stringify(look))).size).toBe(signCount);
  looks.slice(1).forEach((look, index) => {
    expect(look.token).not.toBe(looks[index]!.token);
    expect(look.dash).not.toEqual(looks[index]!.dash);
  });
});

type Colour = [red: number, green: number, blue: number];

const css = readFileSync(new URL('../tokens.css', import.meta.url), 'utf8');
/** Values of a token: by day, then in the two blocks of the night. */
const valuesOf = (token: string): string[] =>
  [...css.matchAll(new RegExp(`${token}: (#[0-9a-f]{6});`, 'g'))].map(([, value]) => value!);
const colour = (hex: string): Colour =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as Colour;
const linear = (colour: Colour): Colour =>
  colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as Colour;
const luminance = (colour: Colour): number => {
  const [red, green, blue] = linear(colour);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** CIE L*a*b* under D65, of linear parts. */
function lab([red, green, blue]: Colour): Colour {
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
  const y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  const z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

// Machado, Oliveira and Fernandes 2009, severity 1.
const eyes: Record<string, Colour[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

test.each([
  ['day', 0],
  ['night', 1],
  ['night, chosen', 2],
])('the colours of runs are read on paper and told apart by colour-blind eyes: %s', (_, at) => {
  const paper = luminance(colour(valuesOf('--paper')[at]!));
  const runs = Array.from({ length: 8 }, (_, index) => colour(valuesOf(`--run-${index + 1}`)[at]!));
  for (const run of runs) {
    const light = luminance(run);
    expect((Math.max(light, paper) + 0.05) / (Math.min(light, paper) + 0.05)).toBeGreaterThanOrEqual(4.5);
  }
  for (const seen of Object.values(eyes)) {
    const labs = runs.map((run) => {
      const parts = linear(run);
      const mixed = seen.map((row) => row.reduce((sum, part, index) => sum + part * parts[index]!, 0));
      return lab(mixed.map((part) => Math.min(1, Math.max(0, part))) as Colour);
    });
    labs.forEach((one, index) => {
      for (const other of labs.slice(0, index)) {
        expect(Math.hypot(...one.map((part, axis) => part - other[axis]!))).toBeGreaterThan(18);
      }
    });
  }
});
