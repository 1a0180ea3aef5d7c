import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { issueOf, listOf, readDraft } from '../recipe/recipe-draft.ts';
import { ChecksField } from '../ui/check-field.tsx';
import styles from './reduce.module.css';

/** What is not trained: a setting of the recipe; it stands here too because it costs memory like size does. */
export function FreezeForm() {
  const value = useStudio((state) => state.draft.freeze);
  const issue = useStudio((state) => issueOf(readDraft(state.draft).issues, 'freeze'));
  return (
    <section className={styles['reduce']} aria-label="Freeze parts of the student">
      <h2>Freeze</h2>
      <p className={styles['words']}>The student keeps its size; parts of it are not trained.</p>
      <ChecksField
        label="Freeze while training"
        meaning="Stays as it is: no gradient, no moments. Part of the recipe."
        error={issue && 'Everything is frozen, so that nothing would be trained: leave one out'}
        options={[
          { value: 'embeddings', label: 'embeddings' },
          { value: 'encoder', label: 'encoder' },
          { value: 'decoder', label: 'decoder' },
        ]}
        values={listOf(value)}
        onChange={(values) => studio.setField('freeze', values.join(','))}
      />
    </section>
  );
}
