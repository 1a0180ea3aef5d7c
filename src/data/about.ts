/** What only a person can say of a model: its licence, and the data it learned from. Never guessed; asked for. */
import { InputError } from '../base/errors.ts';

export interface CardAbout {
  /** Of the model, as the hub's list has it: `apache-2.0`. */
  licence?: string;
  /** The dataset's name on a hub: `cos_e`, `owner/name`. */
  dataset?: string;
  datasetLicence?: string;
  /** Of the texts: `en`. */
  language?: string;
}

export const aboutKeys = [
  'licence',
  'dataset',
  'datasetLicence',
  'language',
] as const satisfies readonly (keyof CardAbout)[];

/** How each is called, what it looks like, and an example of it. */
export const aboutFields = {
  licence: { label: 'Licence of the model', pattern: /^[a-z0-9][a-z0-9.+-]{0,59}$/, example: 'apache-2.0' },
  dataset: {
    label: 'Dataset’s name on a hub',
    pattern: /^[\w.-]{1,96}(?:\/[\w.-]{1,96})?$/,
    example: 'cos_e',
  },
  datasetLicence: {
    label: 'Licence of the data',
    pattern: /^[a-z0-9][a-z0-9.+-]{0,59}$/,
    example: 'cc-by-4.0',
  },
  language: { label: 'Language of the texts', pattern: /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?$/, example: 'en' },
} as const satisfies Record<keyof CardAbout, { label: string; pattern: RegExp; example: string }>;

/**
 * What was said, without what was left empty.
 * @throws InputError where something is no such name.
 */
export function readAbout(said: { [Key in keyof CardAbout]?: string | undefined }): CardAbout {
  const about: CardAbout = {};
  for (const key of aboutKeys) {
    const text = said[key]?.trim() ?? '';
    if (text === '') continue;
    const { label, pattern, example } = aboutFields[key];
    if (!pattern.test(text)) {
      throw new InputError(
        `${label}: “${text.slice(0, 60)}” is not written as a hub writes it.`,
        `Write it as in “${example}”, or leave it empty.`,
      );
    }
    about[key] = text;
  }
  return about;
}
