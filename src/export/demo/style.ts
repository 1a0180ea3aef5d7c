/** The demo page's style: the studio's colours, system fonts. */
export const demoStyle = `
:root { color-scheme: light dark; --paper: #faf7f2; --raised: #fffdf9; --ink: #211d17; --soft: #4d463b; --line: #8f8676; --copper: #9f4717; --on-copper: #fffdf9; --glass: #196b67; }
@media (prefers-color-scheme: dark) { :root { --paper: #16140f; --raised: #1f1c16; --ink: #ece6da; --soft: #cfc7b8; --line: #8f8676; --copper: #f0a577; --on-copper: #16140f; --glass: #7cc9c4; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font: 1.75rem/1.2 Georgia, serif; overflow-wrap: anywhere; }
h2 { font-size: 0.9375rem; margin: 1.25rem 0 0.25rem; }
label { display: block; font-weight: 600; margin-bottom: 0.25rem; }
textarea { box-sizing: border-box; width: 100%; min-height: 6rem; padding: 0.5rem; font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
button { font: inherit; padding: 0.5rem 1rem; border-radius: 6px; border: 1px solid var(--line); background: var(--raised); color: inherit; cursor: pointer; text-align: start; }
button[type='submit'] { background: var(--copper); color: var(--on-copper); border-color: var(--copper); margin-top: 0.5rem; }
button:focus-visible, textarea:focus-visible { outline: 2px solid var(--glass); outline-offset: 2px; }
ul { list-style: none; padding: 0; display: grid; gap: 0.5rem; }
.answer { color: var(--copper); } .rationale { color: var(--glass); }
.answer, .rationale { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.note { color: var(--soft); font-size: 0.875rem; }
`;
