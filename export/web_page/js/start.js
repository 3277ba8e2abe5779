// Starts the page, or says why it cannot. Not a module: it also runs where modules do not.

function say(text) {
  const status = document.getElementById("status");
  status.textContent = text;
  status.className = "error";
}
if (location.protocol === "file:") {
  say("Browsers load models only from a server: run `python -m http.server` in this page's folder, " +
    "then open http://localhost:8000.");
} else if (typeof WebAssembly === "undefined") {
  say("This browser has no WebAssembly, or it is turned off, and the model runs by it: allow it, or use a " +
    "current Chrome, Edge, Firefox or Safari.");
} else {
  const script = Object.assign(document.createElement("script"), { type: "module", src: "js/main.js" });
  script.onerror = () => say("A script of this page cannot be loaded: put the whole folder on the server " +
    "(js/ and litert/ too), or use a current browser.");
  document.body.append(script);
}
