// The one place where Asio's function bodies are compiled (see sluice_asio in cmake/SluiceDependencies.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
