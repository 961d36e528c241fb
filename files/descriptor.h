// An open file of the system, which is closed when its owner goes.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace tessera {

// Never waits to be opened, as a FIFO without another end would. get() is negative, and errno says
// why, if it could not be.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace tessera
