import { memo } from 'react';
import { Download, FileText, RotateCcw } from 'lucide-react';
import { formatRecipe, notebookRecipe, presets, type Recipe } from '../../distill/recipe.ts';
import type { DatasetRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { machineWords } from '../frame/machine-words.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { CheckField, ChecksField } from '../ui/check-field.tsx';
import { NumberField, SelectField, TextField } from '../ui/field.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { later } from '../ui/later.tsx';
import { GenerationField } from './generation-field.tsx';
import { LoraField } from './lora-field.tsx';
import { machineOptions, parseMachineChoice } from '../state/machine-choice.ts';
import { draftOf, issueOf, listOf, readDraft, readTestRows } from '../recipe/recipe-draft.ts';
import { issueWords, meaningWords, recipeGroups, type RecipeField } from '../recipe/recipe-fields.ts';
import styles from './recipe-form.module.css';

// Its chart comes when all settings are shown.
const RateTest = later(() => import('./rate-test.tsx').then((module) => module.RateTest));

/** Every setting of the recipe with its meaning, presets, and `run.json` in and out. */
export const RecipeForm = memo(function RecipeForm() {
  return (
    <div className={styles['form']}>
      <Presets />
      {recipeGroups.map((group) => (
        <fieldset key={group.title} className={styles['group']}>
          <legend className={styles['legend']}>{group.title}</legend>
          <div className={styles['fields']}>
            {group.fields.map((field) => (
              <FieldOf key={field.key} field={field} />
            ))}
            {group.title === 'Measuring and saving' && <TestRows />}
          </div>
          {group.title === 'Optimiser' && <RateTest />}
        </fieldset>
      ))}
      <Machine />
    </div>
  );
});

function Presets() {
  const dataset = useStudio(currentDataset);
  const draft = useStudio((state) => state.draft);
  const { recipe } = readDraft(draft);
  return (
    <div className={styles['presets']}>
      {presets.map((preset) => (
        <div key={preset.name} className={styles['preset']}>
          <Button icon={RotateCcw} onClick={() => studio.setDraft(draftOf(preset.recipe))}>
            {preset.title} preset
          </Button>
          <p className={styles['use']}>{preset.use}</p>
        </div>
      ))}
      <div className={styles['preset']}>
        <div className={styles['files']}>
          <FileButton
            icon={FileText}
            single
            accept=".json"
            testId="recipe-file"
            onFiles={([first]) => {
              if (first) void studio.importRecipe(first.file);
            }}
          >
            Import run.json
          </FileButton>
          <Button
            icon={Download}
            reason={recipe === null ? 'Fix the recipe first.' : null}
            onClick={() => {
              if (recipe) void saveRecipe(recipe, dataset);
            }}
          >
            Export run.json
          </Button>
        </div>
        <p className={styles['use']}>
          The same file that the terminal takes and every exported model carries.
        </p>
      </div>
    </div>
  );
}

function FieldOf({ field }: { field: RecipeField }) {
  const { key, label, unit, options, parts } = field;
  const meaning = meaningWords(field);
  const value = useStudio((state) => state.draft[key]);
  const issue = useStudio((state) => issueOf(readDraft(state.draft).issues, key));
  if (options) {
    return (
      <SelectField
        label={label}
        meaning={meaning}
        error={issue && issueWords(issue)}
        options={options}
        value={value}
        onChange={(text) => studio.setField(key, text)}
      />
    );
  }
  if (parts) {
    return (
      <ChecksField
        label={label}
        meaning={meaning}
        error={issue && issueWords(issue)}
        options={parts}
        values={listOf(value)}
        onChange={(values) => studio.setField(key, values.join(','))}
      />
    );
  }
  if (key === 'lora') {
    return (
      <LoraField
        label={label}
        meaning={meaning}
        error={issue && issueWords(issue)}
        value={value}
        onChange={(text) => studio.setField(key, text)}
      />
    );
  }
  if (key === 'generation') {
    return (
      <GenerationField
        label={label}
        meaning={meaning}
        error={issue && issueWords(issue)}
        value={value}
        onChange={(text) => studio.setField(key, text)}
      />
    );
  }
  if (typeof notebookRecipe[key] === 'boolean') {
    return (
      <CheckField
        label={label}
        meaning={meaning}
        checked={value === 'true'}
        onChange={(checked) => studio.setField(key, String(checked))}
      />
    );
  }
  if (key === 'take') {
    return (
      <TextField
        label={label}
        meaning={meaning}
        error={issue && issueWords(issue)}
        value={value}
        onChange={(text) => studio.setField(key, text.trim())}
      />
    );
  }
  return (
    <NumberField
      label={label}
      meaning={meaning}
      unit={unit}
      error={issue && issueWords(issue)}
      value={value}
      onChange={(text) => studio.setField(key, text)}
    />
  );
}

function TestRows() {
  const text = useStudio((state) => state.testRows);
  return (
    <NumberField
      label="Test rows"
      meaning="How many are answered at each measurement and in the comparison; empty for all."
      unit="rows"
      placeholder="all"
      error={readTestRows(text) === undefined ? 'Test rows must be a whole number, or empty for all' : null}
      value={text}
      onChange={(value) => studio.setTestRows(value)}
    />
  );
}

function Machine() {
  const backend = useStudio((state) => state.backend);
  const machine = useStudio((state) => state.machine);
  return (
    <fieldset className={styles['group']}>
      <legend className={styles['legend']}>Machine</legend>
      <div className={styles['fields']}>
        <SelectField
          label="Backend"
          meaning={machine === null ? 'What computes.' : `Without a choice: ${machineWords(machine)}`}
          options={machineOptions}
          value={backend ?? ''}
          onChange={(value) => studio.setBackend(parseMachineChoice(value))}
        />
      </div>
    </fieldset>
  );
}

/** `run.json` of the recipe in the form, with how the rows that are chosen are read. */
async function saveRecipe(recipe: Recipe, dataset: DatasetRecord | null): Promise<void> {
  // Loaded with the press: it knows all of what can be said of columns.
  const { keptReading } = await import('../../data/reading.ts');
  const data = dataset === null ? null : keptReading(dataset.files, dataset.reading);
  saveFile('run.json', formatRecipe(recipe, data), 'application/json');
}
