// Lint rules. The import zones below are the house's floors: every import runs downward (see CONTRIBUTING.md).
import importPlugin from 'eslint-plugin-import';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Which rooms a room may import from (its own files are always allowed). */
const floors = {
  base: [],
  formats: ['base'],
  data: ['base', 'formats'],
  student: ['base', 'formats'],
  engine: ['base', 'student'],
  distill: ['base', 'formats', 'data', 'student', 'engine'],
  teacher: ['base', 'data'],
  hub: ['base', 'student'],
  frames: ['base', 'teacher', 'hub'],
  'in-tab': ['base', 'teacher', 'frames'],
  desk: ['base', 'data', 'teacher', 'store', 'jobs'],
  store: ['base', 'formats', 'data', 'student', 'engine', 'distill', 'experiment'],
  bench: ['base', 'student', 'engine'],
  export: ['base', 'formats', 'data', 'student', 'engine', 'distill', 'store'],
  serve: ['base', 'student', 'engine', 'distill'],
  experiment: ['base', 'formats', 'data', 'distill'],
  study: ['base', 'data', 'engine', 'distill', 'experiment'],
  demo: ['base', 'formats', 'student', 'engine', 'distill', 'export'],
  jobs: ['base', 'data', 'student', 'engine', 'distill', 'teacher', 'experiment', 'study', 'export'],
  headless: [
    'base',
    'formats',
    'data',
    'student',
    'engine',
    'distill',
    'teacher',
    'export',
    'experiment',
    'study',
    'jobs',
    'serve',
    'hub',
  ],
  worker: [
    'base',
    'formats',
    'data',
    'student',
    'engine',
    'bench',
    'distill',
    'experiment',
    'store',
    'export',
    'jobs',
  ],
  app: [
    'base',
    'formats',
    'data',
    'student',
    'distill',
    'experiment',
    'store',
    'export',
    'worker',
    'teacher',
    'frames',
    'desk',
    'hub',
    'in-tab',
  ],
};
const rooms = Object.keys(floors);

const zones = rooms.flatMap((room) =>
  rooms
    .filter((other) => other !== room && !floors[room].includes(other))
    .map((other) => ({
      target: `./src/${room}`,
      from: `./src/${other}`,
      message: `${room}/ may not import from ${other}/: imports run one way (CONTRIBUTING.md, "The house").`,
    })),
);
// The screens know what an engine is called and what it says of itself, never how it computes.
zones.push({
  target: './src/app',
  from: './src/engine',
  except: ['./engine.ts'],
  message: 'app/ may only read the types of engine/engine.ts.',
});

// The screens know nothing of each other; what two of them share lies in a room below them.
const screens = [
  'data',
  'teacher',
  'student',
  'train',
  'compare',
  'take-away',
  'runs',
  'experiments',
  'storage',
  'bench',
];
const shared = ['frame', 'parts', 'actions', 'keys', 'offline', 'charts', 'ui', 'state', 'recipe'];
for (const room of [...screens, ...shared])
  zones.push({
    target: `./src/app/${room}`,
    from: screens.filter((screen) => screen !== room).map((screen) => `./src/app/${screen}`),
    message: 'No screen is imported by another, or from below: what two screens share moves down.',
  });
zones.push({
  target: ['./src/app/state', './src/app/recipe'],
  from: ['frame', 'parts', 'actions', 'keys', 'offline', 'ui'].map((room) => `./src/app/${room}`),
  message: 'What the screens draw from knows nothing of how it is drawn.',
});

export default tseslint.config(
  {
    ignores: [
      'dist',
      'build',
      'node_modules',
      'public',
      'tests/fixtures',
      'src/engine/wasm/assembly',
      'test-results',
      'playwright-report',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { import: importPlugin, 'react-hooks': reactHooks },
    settings: {
      // Imports carry their extension, so that Node's own resolution finds them.
      'import/resolver': { node: { extensions: ['.ts', '.tsx', '.mjs', '.js'] } },
      'import/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
    rules: {
      'import/no-restricted-paths': ['error', { zones }],
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(SpreadElement, JSXSpreadAttribute, SpreadElement > TSAsExpression) > :matches(ObjectExpression, ArrayExpression)',
          message: 'Write what the literal holds instead of spreading it.',
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Typed arrays are indexed in loops whose bounds are their lengths; `!` says so there.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['src/app/**/*.tsx'], ...jsxA11y.flatConfigs.strict },
  {
    files: ['**/*.mjs', '**/*.js'],
    ...tseslint.configs.disableTypeChecked,
  },
);
