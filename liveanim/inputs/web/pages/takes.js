// Takes: begin one, end it, and those there are. Films are begun and ended as they are.

import { act, on, state } from './link.js';
import { make } from './maths.js';

const by = (id) => document.getElementById(id);

by('take').addEventListener('click', () => act('do.take', state.status.taking ? null : by('take-name').value.trim() || null));

by('film').addEventListener('click', () => act('do.record', state.status.filming ? null : by('film-name').value.trim() || null));

async function list() {
  const answer = await fetch('/api/takes').catch(() => null);
  if (!answer?.ok) return;
  const { takes, running } = await answer.json();
  const rows = takes.map(({ name, folder, date }) => make('p', { title: folder }, make('b', { textContent: name }), make('small', { textContent: name === running ? 'runs' : date.replace('T', ' ').slice(0, 16) })));
  by('takes').replaceChildren(...rows);
}

on('status', (changes) => {
  if (!('filming' in changes)) return;
  const { filming } = state.status;
  by('film').textContent = filming ? `end film ${filming}` : 'record a film';
  by('film').classList.toggle('lit', Boolean(filming));
  by('film-name').hidden = Boolean(filming);
});

on('status', (changes) => {
  if (!('taking' in changes)) return;
  const { taking } = state.status;
  by('take').textContent = taking ? `end take ${taking}` : 'keep a take';
  by('take').classList.toggle('lit', Boolean(taking));
  by('take-name').hidden = Boolean(taking);
  setTimeout(list, 300); // its folder is made meanwhile
});
