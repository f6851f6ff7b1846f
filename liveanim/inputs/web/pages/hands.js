// MIDI knobs and pads: what is to be learned, and what has been, to be changed or given up.

import { act, actions, on, presets, specs, state } from './link.js';
import { make } from './maths.js';

const by = (id) => document.getElementById(id);
const CURVES = [[0.33, 'fine above'], [0.5, 'finer above'], [1, 'even'], [2, 'finer below'], [3, 'fine below']];
const WAYS = [['scale', 'scale'], ['pickup', 'pick up'], ['jump', 'jump']];
const TURNING = ['absolute', 'twos', 'offset', 'sign'];

const quoted = (text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

// What can be learned from here: actions, presets, scenes. Parameters learn from their ƒ.
export function choices() {
  const kept = by('learn-what').value;
  const rows = Object.entries(actions).filter(([name, [takes]]) => ['nothing', 'text'].includes(takes) && name !== 'do.set').map(([name, [, about]]) => [name, `${name} – ${about}`]);
  rows.push(...['out.blackout', 'out.freeze', 'out.level', 'out.fade', 'play.morph', 'play.x', 'play.y'].filter((name) => specs.has(name)).map((name) => [name, `${name} – ${specs.get(name).about}`]));
  rows.push(...(state.status.scenes ?? []).map((name) => [`do.scene value=${quoted(name)}`, `scene ${name}`]));
  rows.push(['do.preset value="+"', 'the next preset'], ['do.preset value="-"', 'the preset before']);
  rows.push(...presets().map(({ name }) => [`do.preset value=${quoted(name)}`, `preset ${name}`]));
  by('learn-what').replaceChildren(...rows.map(([value, textContent]) => make('option', { value, textContent })));
  if (rows.some(([value]) => value === kept)) by('learn-what').value = kept;
}

by('learn').addEventListener('click', () => act('do.learn', state.status.learning ? null : by('learn-what').value));

function select(rows, value, title, chosen) {
  const kept = rows.some(([one]) => one === value) ? rows : [...rows, [value, String(value)]];
  const made = make('select', { title }, ...kept.map(([one, textContent]) => make('option', { value: one, textContent, selected: one === value })));
  made.setAttribute('aria-label', title);
  made.addEventListener('change', () => chosen(made.value));
  return made;
}

function percent(value, title, chosen) {
  const made = make('input', { value: Math.round(value * 100), inputMode: 'numeric', size: 3, title });
  made.setAttribute('aria-label', title);
  made.addEventListener('change', () => {
    const share = Number(made.value.replace(',', '.')) / 100;
    if (made.value.trim() && share >= 0 && share <= 1) chosen(share);
    else made.value = Math.round(value * 100);
  });
  return made;
}

function line(row) {
  const say = (words) => act('do.adjust', `${row.target} knob=${row.knob} ${words}`);
  const forget = make('button', { className: 'plain', textContent: '✕', title: 'forget it' });
  forget.setAttribute('aria-label', `forget ${row.about} for ${row.target}`);
  forget.addEventListener('click', () => act('do.forget', `${row.target} knob=${row.knob}`));
  const what = row.value === null ? row.target : `${row.target} ${row.value}`;
  const head = make('div', { className: 'head' }, make('b', { textContent: what }), make('small', { textContent: `${row.about} of ${row.port}` }), forget);
  const parts = [head];
  if (specs.has(row.target)) {
    const [low, high] = row.range;
    const turn = make('button', { textContent: '⇄', title: 'the other way round' });
    turn.setAttribute('aria-label', `invert ${row.target}`);
    turn.addEventListener('click', () => say('invert'));
    const way = make('div', { className: 'row' },
      percent(low, 'from, % of its way', (share) => say(`range=${share}..${high}`)), make('span', { textContent: 'to' }),
      percent(high, 'to, % of its way', (share) => say(`range=${low}..${share}`)), make('span', { textContent: '%' }), turn);
    if (row.mode === 'absolute') {
      way.append(select(CURVES, row.curve, 'curve', (value) => say(`curve=${value}`)), select(WAYS, row.takeover, 'takeover', (value) => say(`takeover=${value}`)));
    } else if (!TURNING.includes(row.mode)) {
      way.append(select(['hold', 'toggle', 'trigger'].map((mode) => [mode, mode]), row.mode, 'a press', (value) => say(`mode=${value}`)));
    }
    parts.push(way);
  }
  return make('div', { className: 'learned', dataset: { target: row.target } }, ...parts);
}

export function list() {
  const rows = Object.values(state.learned).sort((a, b) => a.target.localeCompare(b.target) || a.knob.localeCompare(b.knob));
  by('learned').replaceChildren(...rows.map(line));
  by('learned-none').hidden = rows.length > 0;
}

on('learned', list);
on('status', (changes) => {
  const { learning } = state.status;
  by('learning').textContent = learning ? `move a knob or hit a pad for ${learning}` : '';
  by('learn').textContent = learning ? 'cancel' : 'learn';
  if ('scenes' in changes || 'presets' in changes) choices();
});
