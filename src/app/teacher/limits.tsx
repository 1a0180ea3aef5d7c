import { useState } from 'react';
import { readNumber } from '../../base/units.ts';
import type { Setup } from '../../desk/setup.ts';
import { CheckField } from '../ui/check-field.tsx';
import { NumberField } from '../ui/field.tsx';
import styles from './setup-form.module.css';
import { teacherDesk } from './teacher-desk.ts';

/** More than any server bears from one page. */
const mostInFlight = 256;
const mostVotes = 40;

/** What a run may cost, how it asks, and what a million tokens cost. */
export function Limits({ setup }: { setup: Setup }) {
  const { budget, prices } = setup;
  const [price, setPrice] = useState({
    input: prices === null ? '' : String(prices.input),
    output: prices === null ? '' : String(prices.output),
  });
  const takePrice = (next: typeof price): void => {
    setPrice(next);
    const input = amountIn(next.input);
    const output = amountIn(next.output);
    const known = typeof input === 'number' && typeof output === 'number';
    teacherDesk.change({
      prices: known ? { input, output } : null,
      ...(known ? {} : { budget: { ...budget, money: null } }),
    });
  };
  return (
    <details className={styles['limits']}>
      <summary>Limits, prices and how it is asked</summary>
      <div className={styles['fields']}>
        <Amount
          label="Rows at most"
          value={budget.rows}
          whole
          onChange={(rows) => teacherDesk.change({ budget: { ...budget, rows } })}
        />
        <Amount
          label="Tokens at most"
          value={budget.tokens}
          whole
          onChange={(tokens) => teacherDesk.change({ budget: { ...budget, tokens } })}
        />
        <Amount
          label="Money at most"
          value={budget.money}
          blocked={prices === null ? 'Give both prices first: the cost is not known without them.' : null}
          onChange={(money) => teacherDesk.change({ budget: { ...budget, money } })}
        />
        <NumberField
          label="Price of a million tokens in"
          value={price.input}
          placeholder="unknown"
          error={amountIn(price.input) === 'wrong' ? 'A number from 0.' : null}
          onChange={(input) => takePrice({ ...price, input })}
        />
        <NumberField
          label="Price of a million tokens out"
          value={price.output}
          placeholder="unknown"
          error={amountIn(price.output) === 'wrong' ? 'A number from 0.' : null}
          onChange={(output) => takePrice({ ...price, output })}
        />
        <Amount
          label="Asked at once, at most"
          value={setup.inFlight}
          whole
          most={mostInFlight}
          needed
          onChange={(inFlight) => inFlight !== null && teacherDesk.change({ inFlight })}
        />
        <Amount
          label="Tokens of an answer"
          value={setup.maxTokens}
          whole
          needed
          onChange={(maxTokens) => maxTokens !== null && teacherDesk.change({ maxTokens })}
        />
        <Amount
          label="Answers for each row"
          value={setup.votes}
          whole
          most={mostVotes}
          needed
          onChange={(votes) =>
            votes !== null &&
            // Several answers to one question have to differ.
            teacherDesk.change({
              votes,
              temperature: votes > 1 && setup.temperature === 0 ? 0.7 : setup.temperature,
            })
          }
        />
        <Amount
          label="Temperature"
          value={setup.temperature}
          needed
          blocked={
            setup.votes > 1 && setup.temperature === 0 ? 'At 0 all answers to a question are the same.' : null
          }
          onChange={(temperature) => temperature !== null && teacherDesk.change({ temperature })}
        />
        <Amount
          label="Seconds without a word, at most"
          value={setup.idleSeconds}
          whole
          needed
          onChange={(idleSeconds) => idleSeconds !== null && teacherDesk.change({ idleSeconds })}
        />
      </div>
      <CheckField
        label="Answers arrive word by word"
        meaning="A server that breaks off is noticed sooner. Without it, an answer comes whole."
        checked={setup.streams}
        onChange={(streams) => teacherDesk.change({ streams })}
      />
      <p className={styles['meaning']}>
        What a question may cost is put aside before it is sent, so that no limit is passed. Empty prices: the
        cost is unknown, not 0.
      </p>
    </details>
  );
}

/** A number from 0, null for none, or what is neither. */
function amountIn(text: string, whole = false): number | null | 'wrong' {
  if (text.trim() === '') return null;
  const value = readNumber(text);
  return Number.isFinite(value) && value >= 0 && (!whole || (Number.isInteger(value) && value > 0))
    ? value
    : 'wrong';
}

function Amount({
  label,
  value,
  whole = false,
  needed = false,
  most = Infinity,
  blocked = null,
  onChange,
}: {
  label: string;
  value: number | null;
  whole?: boolean;
  needed?: boolean;
  most?: number;
  blocked?: string | null;
  onChange: (value: number | null) => unknown;
}) {
  const [text, setText] = useState(value === null ? '' : String(value));
  const read = amountIn(text, whole);
  const isWrong = (value: typeof read): boolean =>
    value === 'wrong' || (needed && value === null) || (value ?? 0) > most;
  const upTo = most === Infinity ? '' : ` to ${most}`;
  const words = whole ? `A whole number from 1${upTo}.` : 'A number from 0.';
  return (
    <NumberField
      label={label}
      value={text}
      placeholder={needed ? '' : 'no limit'}
      error={isWrong(read) ? words : blocked !== null && text !== '' ? blocked : null}
      onChange={(next) => {
        setText(next);
        const amount = amountIn(next, whole);
        if (amount !== 'wrong' && !isWrong(amount) && (needed || blocked === null))
          onChange(amount === 0 && !needed ? null : amount);
      }}
    />
  );
}
