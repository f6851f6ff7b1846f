// The set list: which presets have numbers, in which order. What is changed here plays at once and stays when it is saved.

import { act, on, state } from './link.js';
import { make } from './maths.js';
import { thumbnail } from './tiles.js';

const by = (id) => document.getElementById(id);

function button(textContent, label, disabled, names) {
  const made = make('button', { textContent, title: label, disabled });
  made.setAttribute('aria-label', label);
  made.addEventListener('click', () => {
    act('do.set', JSON.stringify({ presets: names }));
    state.status.set_list = names; // the next click builds on it, also before the show has answered
    rows();
  });
  return made;
}

function moved(names, from, to) {
  const made = names.filter((_, n) => n !== from);
  made.splice(to, 0, names[from]);
  return made;
}

function rows() {
  const { set_list: named = [], presets = [], left_out: out = [] } = state.status;
  const there = new Map([...by('set-rows').querySelectorAll('img')].map((image) => [image.dataset.of, image])); // they stay
  const seen = (name) => there.get(name) ?? thumbnail(name);
  const inside = named.map((name, n) => make('div', { className: 'row' }, seen(name), make('b', { textContent: name }),
    button('↑', `${name} earlier`, n === 0, moved(named, n, n - 1)),
    button('↓', `${name} later`, n === named.length - 1, moved(named, n, n + 1)),
    button('✕', `${name} out of the set list`, false, named.filter((one) => one !== name))));
  const others = [...presets, ...out].filter((name) => !named.includes(name));
  const outside = others.map((name) => make('div', { className: 'row other' }, seen(name), make('b', { textContent: name }),
    button('+', `${name} into the set list`, false, [...named, name])));
  by('set-rows').replaceChildren(...inside, ...outside);
  by('set-only').setAttribute('aria-pressed', String(out.length > 0));
}

by('set-edit').addEventListener('click', () => {
  by('set').hidden = !by('set').hidden;
  by('set-edit').setAttribute('aria-pressed', String(!by('set').hidden));
  rows();
});
by('set-only').addEventListener('click', () => act('do.set', JSON.stringify({ only: by('set-only').getAttribute('aria-pressed') !== 'true' })));

on('status', (changes) => {
  if (!by('set').hidden && ('presets' in changes || 'set_list' in changes || 'left_out' in changes)) rows();
});
