import { generationText, generationWords } from '../recipe/generation-draft.ts';
import { currentStudent, useStudio } from '../state/studio-store.ts';
import { SelectField } from '../ui/field.tsx';

/** How answers are chosen: greedily, as the student's folder asks, or as an imported recipe does. */
export function GenerationField({
  label,
  meaning,
  error,
  value,
  onChange,
}: {
  label: string;
  meaning: string;
  error: string | null;
  value: string;
  onChange: (text: string) => void;
}) {
  const own = useStudio((state) => generationText(currentStudent(state)?.ownGeneration ?? null));
  const texts = [...new Set(['', own, value])];
  return (
    <SelectField
      label={label}
      meaning={meaning}
      error={error}
      options={texts.map((text) => ({
        value: text,
        label:
          text === '' ? 'greedy' : `${generationWords(text)}${text === own ? ', as the folder asks' : ''}`,
      }))}
      value={value}
      onChange={onChange}
    />
  );
}
