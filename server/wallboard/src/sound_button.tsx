// Arms and mutes the board's sound, and says which it is.
import type { Board } from './board';
import { Mark } from './marks';
import { strings } from './strings';

export function SoundButton({ board }: { board: Board }) {
  if (board.feeds.alertState.value === 'none') return null;
  const { sound } = board.world;
  const state = sound.state.value;
  const quiet = state === 'on' && board.quiet.value;
  // The page takes any gesture as leave to sound; the button's own must not arm first and then mute.
  const own = (event: Event) => event.stopPropagation();
  return (
    <button
      type="button" class="sound" data-state={state} aria-pressed={state === 'on'} title={strings.sound.hint}
      onPointerDown={own} onKeyDown={(event) => { if (event.key === 'Enter' || event.key === ' ') own(event); }}
      onClick={() => void sound.toggle()}
    >
      <Mark kind={state === 'on' && !quiet ? 'bell' : 'mute'} />
      {quiet ? strings.sound.quiet : strings.sound.states[state]}
    </button>
  );
}
