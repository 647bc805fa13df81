/** Finds an element of the page. */
export const byId = (id) => document.getElementById(id);

/** Sets text only where it differs, so that a screen reader and the layout are left in peace. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element with a class and text. Text is never read as HTML. */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Keeps one child for each item, in their order: `create` makes a missing one, `update` changes it each time. */
export function keep(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const name = `${key(item)}`;
    const child = old.get(name) ?? create(item);
    old.delete(name);
    child.dataset.key = name;
    update(child, item);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  for (const child of old.values()) child.remove();
}

export const number = (value) => value.toLocaleString('en-GB');
