import type { EngineChoice } from '../session/choose-engine.js';
import { numberSettings, parseSettings, type Settings } from '../session/settings.js';
import { element, make } from './element.js';

/** The form of the settings. */
export interface SettingsView {
  show(settings: Settings): void;
  /** @throws DpoError `options.invalid` */
  read(): Settings;
  engine(): EngineChoice;
}

/** Builds the fields of the settings. */
export function settingsView(): SettingsView {
  const fields = Object.entries(numberSettings).map(([name, { label, whole }]) => {
    const input = make('input', '');
    Object.assign(input, {
      id: name,
      name,
      type: 'text',
      inputMode: whole ? 'numeric' : 'decimal',
      autocomplete: 'off',
    });
    const caption = make('label', '', label);
    caption.htmlFor = name;
    return { name, input, field: make('div', 'field', caption, input) };
  });
  element('fields', HTMLDivElement).replaceChildren(...fields.map(({ field }) => field));
  const eos = element('eos', HTMLInputElement);
  return {
    show(settings) {
      for (const { name, input } of fields) input.value = String(settings[name as keyof typeof numberSettings]);
      eos.checked = settings.eos;
    },
    read: () => parseSettings(Object.fromEntries(fields.map(({ name, input }) => [name, input.value])), eos.checked),
    engine: () => element('engine', HTMLSelectElement).value as EngineChoice,
  };
}
