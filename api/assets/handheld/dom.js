// Elements in one call. Texts are always texts: nothing that was scanned or fetched is ever parsed as HTML.

/** An element. `on*` properties are listeners; `class`, `aria-*` and the like are attributes; booleans are properties. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** A button that does not keep the focus: a scanner's Enter must not press it again. */
export function button(label, onclick, attributes = {}) {
  const element = h("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", (event) => {
    // Only a finger or a mouse: the keyboard's own user keeps the focus.
    if (event.detail > 0) element.blur();
    onclick(event);
  });
  return element;
}

/** A sheet over the page. Resolves with what `close` is given; Escape and the close button give `undefined`. */
export function sheet(title, words, fill) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-label": title });
    const close = (value) => {
      if (!dialog.isConnected) return;
      dialog.close?.();
      dialog.remove();
      resolve(value);
    };
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close(undefined);
    });
    dialog.append(h("h2", {}, title), ...[fill(close, dialog)].flat(), h("div", { class: "row last" }, button(words.t("close"), () => close(undefined))));
    document.body.append(dialog);
    dialog.showModal?.();
    dialog.closeSheet = close;
  });
}

/** The sheet on top, if one is open. */
export function openSheet() {
  return [...document.querySelectorAll("dialog")].at(-1);
}
