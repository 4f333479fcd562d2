// The first module of the page. Keeps one name on the window, for support and for tests.
import { App } from "./app.js";

App.start(document.getElementById("app")).then(
  (app) => {
    globalThis.liuzhuan = app;
  },
  (error) => {
    console.error("start", error);
    document.querySelector(".starting").textContent = `启动失败，请重新打开。Could not start: ${error.message}`;
  },
);
