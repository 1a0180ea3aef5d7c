import { Copy } from 'lucide-react';
import { useState } from 'react';
import { answerTokens } from '../../distill/answer.ts';
import { isOneTarget, targetMarkers } from '../../distill/methods.ts';
import { explainPrefix, predictPrefix } from '../../distill/tasks.ts';
import { safeFolderName } from '../../export/zip.ts';
import type { RunRecord } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';
import styles from './take-away-screen.module.css';

/** The lines of Python that load the folder and ask it something. */
export function UseIt({ run }: { run: RunRecord }) {
  const [copied, setCopied] = useState(false);
  const { method } = run.recipe;
  const prefix = method === 'step-by-step' ? predictPrefix : '';
  const folder = JSON.stringify(safeFolderName(run.name));
  // As the model card has it: transformers 5 no longer has the pipeline "text2text-generation".
  const code = [
    'from transformers import AutoModelForSeq2SeqLM, AutoTokenizer',
    '',
    `tokenizer, model = AutoTokenizer.from_pretrained(${folder}), AutoModelForSeq2SeqLM.from_pretrained(${folder})`,
    `ids = model.generate(**tokenizer("${prefix}your input", return_tensors="pt"), max_new_tokens=${answerTokens(run.recipe)})`,
    'print(tokenizer.decode(ids[0], skip_special_tokens=True))',
  ].join('\n');
  return (
    <div className={styles['use']}>
      <h3>Use it</h3>
      <p className={styles['words']}>
        Unzip it (the half-precision folder’s name ends in <code>-f16</code>), then, with Hugging Face’s
        transformers:
        {prefix !== '' && (
          <>
            {' '}
            <code translate="no">{predictPrefix}</code> asks for the answer,{' '}
            <code translate="no">{explainPrefix}</code> for the reasons.
          </>
        )}
        {isOneTarget(method) && (
          <>
            {' '}
            It writes label and rationale as one text; <code translate="no">
              {targetMarkers[method]}
            </code>{' '}
            stands between them.
          </>
        )}
      </p>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- long lines scroll, and keys must reach them */}
      <pre translate="no" className={styles['code']} tabIndex={0} aria-label="Python that uses the model">
        <code>{code}</code>
      </pre>
      <Button
        small
        icon={Copy}
        onClick={() => {
          navigator.clipboard.writeText(code).then(
            () => setCopied(true),
            (error: unknown) => studio.fail('export', error),
          );
        }}
      >
        {copied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
