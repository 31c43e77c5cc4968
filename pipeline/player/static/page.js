// Parts of the page, and answers of the server. Titles are strangers' texts: they become text, never markup.
export const at = (id) => document.getElementById(id);

export const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

export function made(tag, text = "", properties = {}) {
  const part = document.createElement(tag);
  part.textContent = text;
  return Object.assign(part, properties);
}

export function button(text, label, action) {
  const part = made("button", text, { type: "button" });
  if (label) part.setAttribute("aria-label", label);
  part.addEventListener("click", action);
  return part;
}

export function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value, value === chosen, value === chosen)));
}

// The answer of the server as JSON; an error whose message is for the person, where there is none.
export async function asked(address, request = {}) {
  let answer;
  try {
    answer = await fetch(address, request);
  } catch {
    throw new Error("the program does not answer: start `listen` again");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(content.problem || `error ${answer.status}`), { content });
  return content;
}
