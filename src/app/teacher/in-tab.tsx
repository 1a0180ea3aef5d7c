import { FolderOpen } from 'lucide-react';
import { formatBytes, formatCount, formatParameters } from '../../base/units.ts';
import type { Setup } from '../../desk/setup.ts';
import { canLabel, sizeWords, type Precision } from '../../in-tab/model-folder.ts';
import { useTeacher, type TabState } from '../state/teacher-store.ts';
import { SelectField } from '../ui/field.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { Notice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import { HubModelForm } from './hub-model-form.tsx';
import styles from './setup-form.module.css';
import { teacherDesk } from './teacher-desk.ts';

/** A model in this page: its folder, and what it was found to be. */
export function InTab({ setup }: { setup: Setup }) {
  const tab = useTeacher((state) => state.tab);
  return (
    <>
      <p className={styles['meaning']}>{sizeWords}</p>
      <div className={styles['row']}>
        <FileButton
          icon={FolderOpen}
          folder
          testId="model-folder"
          onFiles={(files) => void teacherDesk.openFolder(files)}
        >
          Choose a model’s folder
        </FileButton>
      </div>
      <p className={styles['meaning']}>
        A folder in the layout of transformers.js (config.json, tokenizer.json, onnx/), as{' '}
        <span translate="no">onnx-community</span> on the Hugging Face hub has them. It is read into memory,
        and is chosen again after a reload; answers are kept.
      </p>
      <HubModelForm />
      {tab.phase === 'opening' && (
        <Progress label={`opening ${tab.name}, ${formatBytes(tab.readBytes)} read`} done={0} total={0} />
      )}
      {tab.phase === 'open' && <OpenModel tab={tab} mode={setup.mode} />}
    </>
  );
}

function OpenModel({ tab, mode }: { tab: TabState & { phase: 'open' }; mode: Setup['mode'] }) {
  const { folder, variant, device, threads } = tab;
  const { parameters, variants } = folder;
  const where = device === 'webgpu' ? 'the GPU' : `the processor, ${plural(threads, 'thread')}`;
  const facts = [
    parameters === null ? null : `${formatParameters(parameters)} weights`,
    `${variant.precision}, ${formatBytes(variant.sizeBytes)}`,
    `on ${where}`,
    folder.contextTokens === null ? null : `up to ${formatCount(folder.contextTokens)} tokens`,
  ].filter((fact) => fact !== null);
  return (
    <>
      <p className={styles['found']} role="status">
        ✓ <span translate="no">{folder.name}</span> is open · {facts.join(' · ')}
      </p>
      {variants.length > 1 && (
        <SelectField
          label="Weights kept as"
          value={variant.precision}
          options={variants.map(({ precision, sizeBytes }) => ({
            value: precision,
            label: `${precision}, ${formatBytes(sizeBytes)}`,
          }))}
          onChange={(precision) => void teacherDesk.openPrecision(precision as Precision)}
        />
      )}
      {canLabel(parameters) === false && mode === 'label' && (
        <Notice kind="warning">
          <p>
            A model of this size labels badly. Ask it for the reason for the given label, or take one of 1.5 B
            or more.
          </p>
        </Notice>
      )}
    </>
  );
}
