/**
 * The recipe's adapters as text: '' for none, else `rank=8 alpha=8 dropout=0 targets=q,v`, as it was typed; with
 * `baseDtype=float16` where the base is in half precision.
 */
import { readNumber } from '../../base/units.ts';
import { defaultLora, type Lora } from '../../student/lora/lora.ts';

/** peft's, on a base in single precision. */
const defaults = { ...defaultLora, baseDtype: 'float32' } as const satisfies Lora;

export type LoraTexts = Record<keyof Lora, string>;

const keys = ['rank', 'alpha', 'dropout', 'targets', 'baseDtype'] as const satisfies readonly (keyof Lora)[];

export function loraText(lora: Lora | null): string {
  if (lora === null) return '';
  const texts = Object.entries({ ...defaults, ...lora }).map(([key, value]) => [key, String(value)]);
  return textOfLora(Object.fromEntries(texts) as LoraTexts);
}

/** What each field of the adapters holds; null where there are none. What is not there is as peft has it. */
export function loraTexts(text: string): LoraTexts | null {
  if (text === '') return null;
  const texts = Object.fromEntries(keys.map((key) => [key, String(defaults[key])])) as LoraTexts;
  for (const part of text.split(' ')) {
    const at = part.indexOf('=');
    const key = keys.find((one) => one === part.slice(0, at));
    if (key !== undefined) texts[key] = part.slice(at + 1);
  }
  return texts;
}

export function textOfLora(texts: LoraTexts | null): string {
  if (texts === null) return '';
  const said = keys.filter((key) => key !== 'baseDtype' || texts[key] !== defaults.baseDtype);
  // A blank within would end a value.
  return said.map((key) => `${key}=${texts[key].replaceAll(' ', '')}`).join(' ');
}

/** What the schema is to judge. */
export function loraValue(text: string): unknown {
  const texts = loraTexts(text);
  if (texts === null) return null;
  const { rank, alpha, dropout, targets, baseDtype } = texts;
  return {
    rank: readNumber(rank),
    alpha: readNumber(alpha),
    dropout: readNumber(dropout),
    targets: targets === 'all-linear' ? targets : targets.split(',').filter((name) => name !== ''),
    baseDtype,
  };
}

/** In a few words: `rank 8, alpha 8, on q, v`. */
export function loraWords(text: string): string {
  const texts = loraTexts(text);
  if (texts === null) return 'none';
  const { rank, alpha, dropout, targets, baseDtype } = texts;
  const base = baseDtype === 'float16' ? ', base in half precision' : '';
  const dropped = dropout === '0' ? '' : `, dropout ${dropout}`;
  return `rank ${rank}, alpha ${alpha}${dropped}, on ${targets === 'all-linear' ? 'all linear layers' : targets.replaceAll(',', ', ')}${base}`;
}
