import { useState } from 'react';
import { formatBytes } from '../../base/units.ts';
import { hashOf, useRoute } from '../routes.ts';
import { useRoom } from '../storage/room.ts';
import { useStudio, currentRun, liveRun } from '../studio-store.ts';
import { applyTheme, storedTheme, themes } from '../theme.ts';
import { Dialog } from '../ui/dialog.tsx';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { backendWords, machineWords } from './machine-words.ts';
import styles from './colophon.module.css';

/** Below the stations: the runs, the machine, the theme, and the promise. */
export function Colophon() {
  const route = useRoute();
  const runs = useStudio((state) => state.runs.length);
  const backend = useStudio((state) => state.machine?.backend ?? null);
  const usageBytes = useRoom((state) => state.usageBytes);
  const [machineOpen, setMachineOpen] = useState(false);
  const [theme, setTheme] = useState(storedTheme);
  return (
    <section className={styles['colophon']} aria-label="Runs, this machine and theme">
      <a className={styles['row']} href={hashOf('runs')} aria-current={route === 'runs' ? 'page' : undefined}>
        <span>Runs</span>
        <span className={styles['value']}>{runs}</span>
      </a>
      <a
        className={styles['row']}
        href={hashOf('storage')}
        aria-current={route === 'storage' ? 'page' : undefined}
      >
        <span>Storage</span>
        <span className={styles['value']}>{usageBytes === null ? '' : formatBytes(usageBytes)}</span>
      </a>
      <button className={styles['row']} type="button" onClick={() => setMachineOpen(true)}>
        <span>This machine</span>
        <span className={styles['value']}>{backend === null ? '…' : backendWords[backend].short}</span>
      </button>
      <div className={styles['theme']}>
        <SegmentedControl
          legend="Theme"
          segments={themes}
          value={theme}
          onChange={(chosen) => {
            applyTheme(chosen);
            setTheme(chosen);
          }}
        />
      </div>
      <p className={styles['promise']}>
        <span className={styles['dot']} aria-hidden="true" />
        Everything stays on this machine.
      </p>
      {machineOpen && <MachineDialog onClose={() => setMachineOpen(false)} />}
    </section>
  );
}

function MachineDialog({ onClose }: { onClose: () => void }) {
  const machine = useStudio((state) => state.machine);
  const engine = useStudio((state) => (liveRun(state) ?? currentRun(state))?.engine ?? null);
  return (
    <Dialog title="This machine" onClose={onClose}>
      {machine === null ? (
        <p>Looking at what this machine offers …</p>
      ) : (
        <dl className={styles['facts']}>
          <dt>Graphics</dt>
          <dd>{machine.gpu.description}</dd>
          <dt>Trains on</dt>
          <dd>{machineWords(machine)}</dd>
          <dt>CPU threads</dt>
          <dd>
            {machine.threads}
            {machine.crossOriginIsolated
              ? ''
              : ', of which one can be used: the page is not cross-origin isolated'}
          </dd>
          {engine && (
            <>
              <dt>This run</dt>
              <dd>
                {engine.engine} on {engine.adapter}. {engine.reason}
              </dd>
            </>
          )}
        </dl>
      )}
      <p>
        <a href={hashOf('bench')} onClick={onClose}>
          Measure this machine
        </a>
      </p>
    </Dialog>
  );
}
