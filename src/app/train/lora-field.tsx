import { defaultLora } from '../../student/lora/lora.ts';
import { CheckField } from '../ui/check-field.tsx';
import { NumberField, SelectField } from '../ui/field.tsx';
import { loraText, loraTexts, textOfLora, type LoraTexts } from '../recipe/lora-draft.ts';

const targetOptions = [
  { value: 'q,v', label: 'q and v of each attention' },
  { value: 'all-linear', label: 'all linear layers' },
];

const baseOptions = [
  { value: 'float32', label: 'float32, as it is' },
  { value: 'float16', label: 'float16, half the memory' },
];

/** Adapters: off, or their settings. */
export function LoraField({
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
  const texts = loraTexts(value);
  const change = (changed: Partial<LoraTexts>) => {
    if (texts !== null) onChange(textOfLora({ ...texts, ...changed }));
  };
  const known = targetOptions.some((option) => option.value === texts?.targets);
  return (
    <>
      <CheckField
        label={label}
        meaning={meaning}
        checked={texts !== null}
        onChange={(checked) => onChange(checked ? loraText(defaultLora) : '')}
      />
      {texts !== null && (
        <>
          <NumberField
            label="LoRA rank"
            meaning="Width of an adapter: 4 to 64 is usual."
            error={error}
            value={texts.rank}
            onChange={(rank) => change({ rank })}
          />
          <NumberField
            label="LoRA alpha"
            meaning="An adapter’s share is multiplied by alpha / rank."
            value={texts.alpha}
            onChange={(alpha) => change({ alpha })}
          />
          <NumberField
            label="LoRA dropout"
            meaning="Share of an adapter’s input that is dropped while training."
            value={texts.dropout}
            onChange={(dropout) => change({ dropout })}
          />
          <SelectField
            label="LoRA targets"
            meaning="The layers that get adapters, in both stacks."
            options={
              known ? targetOptions : [...targetOptions, { value: texts.targets, label: texts.targets }]
            }
            value={texts.targets}
            onChange={(targets) => change({ targets })}
          />
          <SelectField
            label="Precision of the base"
            meaning="What the frozen matrices are kept in; all is computed in single precision."
            options={baseOptions}
            value={texts.baseDtype}
            onChange={(baseDtype) => change({ baseDtype })}
          />
        </>
      )}
    </>
  );
}
