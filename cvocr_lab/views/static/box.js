// An input for a value that behaves like the cell of a spreadsheet.

/**
 * The box is either selected or edited. While it is selected, the first key typed replaces the
 * value; while it is edited, keys change the text. It has the focus in both states, because input
 * methods need the focus.
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
      // If only the window has lost the focus, the person has not left the field.
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

  /** Edits the value, with the cursor at its end. */
  edit() {
    this.turn(true);
    this.focus();
    this.element.setSelectionRange(this.value.length, this.value.length);
  }

  /** Clears the box, for a value that is not on the paper. */
  clear() {
    this.turn(true);
    this.element.value = "";
    this.on.typed();
  }
}

/** Returns whether a key is processed by an input method. */
function composes(event) {
  return event.isComposing || event.keyCode === 229;
}

/**
 * Returns the name of a key with its modifiers, such as "Enter", "Control+Enter" or "Alt+U". With
 * Alt, letters and digits are identified by the position of the key, independent of the layout.
 */
function chord(event) {
  const key = event.altKey && /^(Key|Digit)/.test(event.code) ? event.code.replace(/^(Key|Digit)/, "") : event.key;
  const parts = [event.ctrlKey || event.metaKey ? "Control" : "", event.altKey ? "Alt" : "", event.shiftKey ? "Shift" : ""];
  return [...parts.filter(Boolean), key].join("+");
}
