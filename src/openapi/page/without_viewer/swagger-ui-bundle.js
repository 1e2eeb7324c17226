// The program was built without Swagger UI: see cmake/SluiceRooms.cmake.
"use strict";

function SwaggerUIBundle(options) {
  const place = document.querySelector(options.dom_id);
  place.innerHTML = '<p>This build has no viewer: run <code>tools/setup.sh</code> and build again.</p>' +
    '<p>The API as a document: <a href="/openapi.json">/openapi.json</a></p>';
}
