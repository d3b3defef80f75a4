section_worker() { :; }
