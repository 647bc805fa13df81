import { byId, keep, make, setText } from './dom.js';

/** Draws the buttons. One that cannot act stays in reach of the keyboard, and says why. */
export function drawActs(acts, token, say) {
  const create = ({ name }) => {
    const box = make('div');
    const [button, why] = [make('button'), make('p', 'quiet')];
    button.type = 'button';
    why.id = `why-${name}`;
    button.setAttribute('aria-describedby', why.id);
    button.addEventListener('click', () => press(button, name, token(), say));
    box.append(button, why);
    return box;
  };
  keep(
    byId('acts'),
    acts,
    ({ name }) => name,
    create,
    (box, { label, why = '' }) => {
      const [button, reason] = box.children;
      setText(button, label);
      setText(reason, why === 'the story still plays' ? '' : why);
      button.setAttribute('aria-disabled', `${why !== ''}`);
    },
  );
  const isPlaying = acts.some(({ why }) => why === 'the story still plays');
  setText(
    byId('acts-note'),
    isPlaying
      ? 'The story still plays. After it, each button does what ECS, EC2 or an operator would do.'
      : 'Each button does what ECS, EC2 or an operator would do.',
  );
}

async function press(button, name, token, say) {
  const label = button.textContent;
  if (button.getAttribute('aria-disabled') === 'true')
    return say(`${label} is not possible now: ${byId(`why-${name}`).textContent || 'the story still plays'}.`);
  const answer = await fetch(`/act/${name}`, { method: 'POST', headers: { 'x-token': token } }).catch(() => undefined);
  say(answer?.ok ? `${label}: done.` : `${label} failed: ${(await answer?.text()) ?? 'the demo does not answer'}.`);
}
