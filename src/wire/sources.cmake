# The files of wire, for this project and for the packages in firmware-stub/port.
set(ESPOTA_WIRE auth.c crc.c cursor.c digest.c esphome.c http.c invitation.c noise.c pull.c status.c text.c)
