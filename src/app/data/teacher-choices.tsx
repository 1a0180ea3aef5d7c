import { completionModes, type CompletionMode } from '../../data/completions.ts';
import { formatTeachers, parseTeachers } from '../../data/teachers.ts';
import type { DatasetRecord, SplitSummary } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { CheckField } from '../ui/check-field.tsx';
import { SelectField } from '../ui/field.tsx';

const modeWords: Record<CompletionMode, string> = {
  faithful: 'as the research code reads them',
  repaired: 'repaired',
};

/** What a person can say of the teacher's answers: which of several count, how raw ones are read, which are joined. */
export function TeacherChoices({ dataset, summary }: { dataset: DatasetRecord; summary: SplitSummary }) {
  const { reading = {} } = dataset;
  const { teachers, completions, onlyMatching = false } = reading;
  if (dataset.sample) return null;
  const raw = dataset.files.some(({ layout }) => layout === 'completions' || layout === 'batch-output');
  const several = summary.teachers ?? [];
  const choice = teachers === undefined ? '' : formatTeachers(teachers);
  const hasAnswers =
    summary.teacher !== null || summary.offer === 'several-answers' || teachers !== undefined;
  const rules = [
    ...(several.length > 1 || summary.offer === 'several-answers' || choice === 'cycle' || choice === 'vote'
      ? [
          { value: 'cycle', label: 'each in turn' },
          { value: 'vote', label: 'the label that most give' },
        ]
      : []),
    { value: 'right', label: 'only right ones give reasons' },
  ];
  const files = several.map((file) => ({ value: file, label: `those of ${file}` }));
  return (
    <>
      {hasAnswers && (
        <SelectField
          label="Which answers count"
          value={choice}
          onChange={(value) =>
            void studio.changeReading({ teachers: value === '' ? undefined : parseTeachers(value) })
          }
          options={[
            { value: '', label: several.length > 1 ? 'those of the first teacher' : 'every answer' },
            ...files.slice(1),
            ...rules,
            // A file that is gone, or not in this split.
            ...(choice === '' || [...files.slice(1), ...rules].some(({ value }) => value === choice)
              ? []
              : [{ value: choice, label: `those of ${choice}` }]),
          ]}
        />
      )}
      {raw && (
        <SelectField
          label="Raw completions are read"
          value={completions ?? ''}
          onChange={(value) =>
            void studio.changeReading({ completions: completionModes.find((mode) => mode === value) })
          }
          options={[
            { value: '', label: 'as suits the file' },
            ...completionModes.map((mode) => ({ value: mode, label: modeWords[mode] })),
          ]}
        />
      )}
      {(onlyMatching || summary.offer === 'only-matching') && (
        <CheckField
          label="Join only those that match"
          checked={onlyMatching}
          onChange={(wanted) => void studio.changeReading({ onlyMatching: wanted ? true : undefined })}
          meaning="Rows without an answer of the same id or input go without a reason."
        />
      )}
    </>
  );
}
