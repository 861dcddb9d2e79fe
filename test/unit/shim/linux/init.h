/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_INIT_H
#define _SHIM_INIT_H

#define __init
#define __ro_after_init

#endif
