// Tiles to choose a preset or a scene by its picture, number and name.

import { act, state } from './link.js';
import { make } from './maths.js';

// The thumbnail `of` a 'preset' or a 'preset/scene', loaded when it comes into sight. Without one nothing is seen.
export function thumbnail(of) {
  const image = make('img', { alt: '', loading: 'lazy', decoding: 'async', draggable: false, dataset: { of } });
  image.addEventListener('load', () => image.classList.add('seen'));
  image.addEventListener('error', () => image.classList.remove('seen'));
  renew(image);
  return image;
}

// One that has changed: the old one is seen until the new one is there.
function renew(image) {
  const address = state.thumbnails[image.dataset.of] ?? '';
  if ((image.getAttribute('src') ?? '') === address) return;
  if (address) image.src = address;
  else {
    image.removeAttribute('src');
    image.classList.remove('seen');
  }
}

export function renewAll() {
  for (const image of document.querySelectorAll('img[data-of]')) renew(image);
}

function tile(target, name, about, of) {
  const button = make('button', { className: 'tile', title: about, dataset: { name } }, thumbnail(of), make('small'), make('b', { textContent: name }));
  button.addEventListener('click', () => act(target, name));
  return button;
}

// A tile in `list` for each of the rows; those that are there already stay, with their pictures.
export function fill(list, target, rows) {
  const there = new Map([...list.children].map((button) => [button.firstChild.dataset.of, button]));
  list.replaceChildren(...rows.map(({ number, name, about = '', of = name }) => {
    const button = there.get(of) ?? tile(target, name, about, of);
    button.querySelector('small').textContent = number;
    return button;
  }));
}

// Marks the tile of what plays; `way` 0..1: how far it has come.
export function mark(list, name, way = 0) {
  for (const button of list.children) {
    const playing = button.dataset.name === name;
    button.classList.toggle('current', playing);
    button.toggleAttribute('aria-current', playing);
    button.style.setProperty('--way', playing ? way : 0);
  }
}
