import { formatPercent } from '../../base/units.ts';
import type { StudentRecord } from '../../store/records.ts';
import { plural } from '../words.ts';
import styles from './student-picture.module.css';

/** Of the drawing, in its own units; stacks deeper than fits are drawn with thinner layers. */
const height = 132;

/** Encoder and decoder as stacks, as wide as the student is; the vocabulary as a bar of its share. */
export function StudentPicture({ student }: { student: StudentRecord }) {
  const { config, parameters } = student;
  const tables = config.tie_word_embeddings ? 1 : 2;
  const share = (config.vocab_size * config.d_model * tables) / parameters;
  // From 64 to 1,024 on a logarithmic scale: a nano student is narrow, a large one is wide.
  const width = Math.round(80 + 100 * Math.min(1, Math.max(0, Math.log2(config.d_model / 64) / 4)));
  return (
    <figure
      className={styles['figure']}
      aria-label={`An encoder of ${plural(config.num_layers, 'layer')} and a decoder of ${plural(config.num_decoder_layers, 'layer')}; the vocabulary holds ${formatPercent(share, 0)} of the parameters.`}
    >
      <div className={styles['part']}>
        <Vocabulary share={share} />
        <p>vocabulary, {formatPercent(share, 0)}</p>
      </div>
      <div className={styles['part']}>
        <Stack width={width} layers={config.num_layers} />
        <p>encoder, {plural(config.num_layers, 'layer')}</p>
      </div>
      <svg className={styles['arrow']} width="40" height={height} aria-hidden="true" focusable="false">
        <path d={`M2 ${height / 2}h34m-6 -5l6 5l-6 5`} />
      </svg>
      <div className={styles['part']}>
        <Stack width={width} layers={config.num_decoder_layers} />
        <p>decoder, {plural(config.num_decoder_layers, 'layer')}</p>
      </div>
    </figure>
  );
}

/** A bar, filled up to the vocabulary's share of all parameters. */
function Vocabulary({ share }: { share: number }) {
  const filled = (height - 1) * Math.min(1, share);
  return (
    <svg width="26" height={height} aria-hidden="true" focusable="false">
      <rect className={styles['ground']} x={0.5} y={0.5} width={25} height={height - 1} rx={4} />
      <rect
        className={styles['filled']}
        x={0.5}
        y={height - 0.5 - filled}
        width={25}
        height={filled}
        rx={4}
      />
    </svg>
  );
}

function Stack({ width, layers }: { width: number; layers: number }) {
  const gap = layers > 12 ? 1.5 : 4;
  const block = Math.min((height - 1 - gap * (layers - 1)) / layers, 26);
  const top = height - 0.5 - layers * block - (layers - 1) * gap;
  return (
    <svg width={width} height={height} aria-hidden="true" focusable="false">
      {Array.from({ length: layers }, (_, layer) => (
        <rect
          key={layer}
          className={styles['layer']}
          x={0.5}
          y={top + layer * (block + gap)}
          width={width - 1}
          height={block}
          rx={Math.min(4, block / 3)}
        />
      ))}
    </svg>
  );
}
