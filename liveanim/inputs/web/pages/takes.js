// Takes and films: begin one, end it, and the takes there are.

import { act, on, state } from './link.js';
import { make } from './maths.js';

const by = (id) => document.getElementById(id);

async function list() {
  const answer = await fetch('/api/takes').catch(() => null);
  if (!answer?.ok) return;
  const { takes, running } = await answer.json();
  const rows = takes.map(({ name, folder, date }) => make('p', { title: folder }, make('b', { textContent: name }), make('small', { textContent: name === running ? 'runs' : date.replace('T', ' ').slice(0, 16) })));
  by('takes').replaceChildren(...rows);
}

// The button `id` begins what status[key] names, under the name beside it, and ends it.
function begins(id, key, action, idle, changed = () => {}) {
  by(id).addEventListener('click', () => act(action, state.status[key] ? null : by(`${id}-name`).value.trim() || null));
  on('status', (changes) => {
    if (!(key in changes)) return;
    const name = state.status[key];
    by(id).textContent = name ? `end ${id} ${name}` : idle;
    by(id).classList.toggle('lit', Boolean(name));
    by(`${id}-name`).hidden = Boolean(name);
    changed();
  });
}

begins('film', 'filming', 'do.record', 'record a film');
begins('take', 'taking', 'do.take', 'keep a take', () => setTimeout(list, 300)); // its folder is made meanwhile
