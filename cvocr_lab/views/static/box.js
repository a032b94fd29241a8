// A box for a value that behaves as the cell of a spreadsheet.

/**
 * The box is selected or edited. While it is selected, the first key typed replaces the value;
 * while it is edited, keys go into the text. The box has the focus in both states, because an
 * input method composes only where the focus is.
 */
class ValueBox {
  /** @param {{typed: () => void, left: () => void, turned: () => void}} on */
  constructor(on, attributes = {}) {
    this.on = on;
    this.editing = this.composing = false;
    this.element = make("textarea", { rows: 1, lang: "vi", spellcheck: "false", autocomplete: "off",
      autocapitalize: "off", autocorrect: "off", "aria-label": "value", ...attributes });
    const listen = (name, call) => this.element.addEventListener(name, call);
    listen("compositionstart", () => {
      this.composing = true;
      this.turn(true);
    });
    listen("compositionend", () => {
      this.composing = false;
      on.typed();
      if (!this.focused) on.left();
    });
    listen("beforeinput", () => this.turn(true));
    listen("input", () => on.typed());
    // The first click selects the box, the next one edits at the place clicked.
    listen("mousedown", (event) => {
      if (this.focused) this.turn(true);
      else {
        event.preventDefault();
        this.focus();
      }
    });
    listen("focus", () => {
      if (!this.editing) this.element.select();
      on.turned();
    });
    listen("blur", () => {
      on.turned();
      // A window that loses the focus has not left the field.
      if (document.hasFocus() && !this.composing) on.left();
    });
  }

  get value() {
    return this.element.value;
  }

  set value(text) {
    this.element.value = text;
    if (!this.editing && this.focused) this.element.select();
  }

  get focused() {
    return this.element.getRootNode().activeElement === this.element;
  }

  focus() {
    this.element.focus({ preventScroll: true });
  }

  turn(editing) {
    if (this.editing === editing) return;
    this.editing = editing;
    this.element.classList.toggle("editing", editing);
    this.on.turned();
  }

  /** Selects the box: the next key typed replaces the value. */
  select() {
    this.turn(false);
    if (this.focused) this.element.select();
  }

  /** Edits the value as it stands, from its end. */
  edit() {
    this.turn(true);
    this.focus();
    this.element.setSelectionRange(this.value.length, this.value.length);
  }

  /** Empties the box, for a value that is not on the paper. */
  clear() {
    this.turn(true);
    this.element.value = "";
    this.on.typed();
  }
}

/** Whether a key goes to an input method. */
function composes(event) {
  return event.isComposing || event.keyCode === 229;
}

/**
 * What a key asks for by itself or with Alt, as "Enter", "Control+Enter" or "Alt+U"; letters and
 * digits go by the place of the key, so that a layout or Alt does not change them.
 */
function chord(event) {
  const key = event.altKey && /^(Key|Digit)/.test(event.code) ? event.code.replace(/^(Key|Digit)/, "") : event.key;
  const parts = [event.ctrlKey || event.metaKey ? "Control" : "", event.altKey ? "Alt" : "", event.shiftKey ? "Shift" : ""];
  return [...parts.filter(Boolean), key].join("+");
}
