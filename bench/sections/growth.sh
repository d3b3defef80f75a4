section_growth() { :; }
