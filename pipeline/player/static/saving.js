// The queue as a playlist on the disk.
import { asked, at } from "./page.js";

export function saving(songs, player) {
  const save = async (replace) => {
    const name = at("list-name").value, ids = player.queue.map((row) => songs.ids[row]);
    at("replace").hidden = true;
    try {
      const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, ids, replace }) };
      const done = await asked("api/playlists", request);
      at("saved").textContent = `Saved: ${done.file}, ${done.songs} song${done.songs > 1 ? "s" : ""}.`;
    } catch (error) {
      at("saved").textContent = error.content?.taken ? `${error.message}: replace it, or choose another name.` : `Not saved: ${error.message}`;
      at("replace").hidden = !error.content?.taken;
    }
  };
  at("save").addEventListener("submit", (event) => { event.preventDefault(); save(false); });
  at("replace").addEventListener("click", () => { save(true); at("list-name").focus(); });
  at("list-name").addEventListener("input", () => { at("replace").hidden = true; });
}
