import { useEffect, useRef, useState } from 'react';
import type { RunRecord } from '../../store/records.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { changeLabels } from '../state/run-actions.ts';
import styles from './run-item.module.css';

const longestName = 80;
const longestTag = 40;
const mostTags = 20;

/** Tags as they are typed, each once. */
export function readTags(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim().slice(0, longestTag));
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, mostTags);
}

/** Name and note of a run. Enter in the name keeps them, Escape leaves them. */
export function RunLabelsForm({ run, onClose }: { run: RunRecord; onClose: () => void }) {
  const [name, setName] = useState(run.name);
  const [note, setNote] = useState(run.note ?? '');
  const [tags, setTags] = useState((run.tags ?? []).join(', '));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const field = form.current?.querySelector('input');
    field?.focus();
    field?.select();
  }, []);
  useEffect(() => {
    const { current } = form;
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') onClose();
    };
    current?.addEventListener('keydown', leave);
    return () => current?.removeEventListener('keydown', leave);
  }, [onClose]);
  const trimmed = name.trim();
  const fault =
    trimmed === ''
      ? 'A run needs a name.'
      : trimmed.length > longestName
        ? `A name has at most ${longestName} characters.`
        : null;
  const keep = (): void => {
    if (fault !== null) return;
    void changeLabels(run.id, { name: trimmed, note: note.trim(), tags: readTags(tags) });
    onClose();
  };
  return (
    <form
      ref={form}
      className={styles['form']}
      aria-label={`Name and note of ${run.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      <TextField label="Name" value={name} error={fault} onChange={setName} />
      <TextField label="Note" value={note} onChange={setNote} lines={3} />
      <TextField label="Tags, with commas between" value={tags} onChange={setTags} />
      <div className={styles['buttons']}>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" reason={fault} onClick={keep}>
          Keep
        </Button>
      </div>
    </form>
  );
}
