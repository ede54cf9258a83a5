"""How systems write: sixteen styles as a header and weighted sentences with slots, in our own words (one long table)."""

# Each style: how a header looks, then weight and sentence, one template a line.
STYLES: dict[str, tuple[str, str]] = {
    "blocks": (
        "2611{d}{d} 0102{d}{d} {d}{d} INFO store.DataNode$Acceptor: ",
        """
300 Accepting piece {blk} from: /{ipp} to: /{ipp}
280 Responder {d} for piece {blk} ends
260 Accepted piece {blk} of length {n} from /{ip}
220 PIECE* Names.add: map changed: {ipp} now holds {blk} length {n}
90 PIECE* Names.allocate: {path}/part-{n}. {blk}
60 PIECE* Names.drop: {blk} goes to invalid set of {ipp}
60 Removing piece {blk} file {path}/{blk}
20 Check succeeded for {blk}
12 {ipp} Served piece {blk} to /{ip}
9 {ipp}:Trouble while serving {blk} to /{ip}:
4 PIECE* ask {ipp} to copy {blk} to node(s) {ipp}
2 PIECE* ask {ipp} to copy {blk} to node(s) {ipp} {ipp}
3 Trouble in acceptPiece for piece {blk} java.io.IOException: Reset by peer
2 Trouble in acceptPiece for piece {blk} java.io.EOFException: while reading
""",
    ),
    "batch": (
        "2026-11-0{d} 1{d}:0{d}:4{d},9{d}8 INFO [Worker Thread-{n}] com.example.batch.Master: ",
        """
400 Progress of attempt {task} is : {f}
60 {task} Attempt moved from NEW to QUEUED
55 {task} Attempt moved from QUEUED to ASSIGNED
50 {task} Attempt moved from ASSIGNED to RUNNING
45 {task} Attempt moved from RUNNING to COMMITTING
40 {task} Attempt moved from COMMITTING to SUCCEEDED
8 {task} Attempt moved from RUNNING to FAILED
200 Name changed. Old: {hostp} New: {hostp}
180 Could not renew lease for [CLIENT_{n}_{d}] for {n} seconds.  Trying again shortly ...
100 Reaching server: {hostp}. Tried {d} time(s); policy is UpToCount(max={d}, sleep={n} MILLISECONDS)
90 TROUBLE REACHING MANAGER.
40 Recalculating schedule, headroom=<memory:{n}, cores:{neg}>
30 After Scheduling: Pending:{d} Maps:{d} Reduces:{d} Done:{d} {neg}
20 Writer for stage {path} closed
10 Using callback {class} for queue {name}
""",
    ),
    "engine": (
        "26/11/0{d} 20:1{d}:4{d} INFO executor.Runner: ",
        """
200 Piece shared_{n} kept as values in memory (about {size}, left {size})
150 Piece shared_{n}_part{d} kept as bytes in memory (about {size}, left {size})
250 Took job {d}.{d} in stage {d}.{d} (ID {n})
250 Ended job {d}.{d} in stage {d}.{d} (ID {n}). {n} bytes result sent back
220 Found piece rdd_{n}_{d} locally
90 Times: all = {n}, boot = {neg}, start = {n}, end = {d}
80 Fetched shared variable {n} in {dur}
70 Part rdd_{n}_{d} absent, computing it
60 Input part: hdfs://{ipp}{path}:{n}+{n}
30 Fetching {d} full pieces out of {n} pieces
4 Signal handlers set for [TERM, HUP, INT]
3 old.tip.id is deprecated. Use new.task.id
3 old.job.id is deprecated. Use new.job.id
""",
    ),
    "quorum": (
        "2026-07-29 17:4{d}:4{d},7{d}7 - INFO  [Peer[myid={d}]/0:0:0:0:0:0:0:0:2181:FastElection@{n}] - ",
        """
300 Notice timed out: {n}
290 Got a connection request /{ipp}
280 Lost connection for id {n}, my id = {d}, cause =
260 Stopping the send worker
255 Send worker is leaving
250 Woken while waiting for a message
120 Shut socket for client /{ipp} which had session {hex}
60 Session {hex} with agreed timeout {n} for client /{ipp}
50 Cannot reach {d} at election address /{ipp}
20 Notice: {d} (n.leader), {hex} (n.zxid), {hex} (n.round), LOOKING (n.state), {d} (n.sid), LOOKING (my state)
8 Client environment:java.version=1.7.{d}
4 Server environment:user.name={name}
4 Server environment:java.home={path}
4 Server environment:tmp.dir={path}
2 Trouble closing session {hex} due to java.io.IOException: Server not running
""",
    ),
    "cloud": (
        "api.log.1.2026-05-16_13:53:08 2026-05-16 00:00:0{d}.008 {n} INFO cloud.api.server [req-{uuid} {hex32} {hex32} - - -] ",
        """
300 {ip} "GET /v2/{hex32}/machines/detail HTTP/1.1" status: 200 len: {n} time: {f}
90 {ip} "POST /v2/{hex32}/events HTTP/1.1" status: {n} len: {n} time: {f}
60 {ip} "DELETE /v2/{hex32}/machines/{uuid} HTTP/1.1" status: 204 len: {n} time: {f}
45 [machine: {uuid}] Power On (Life Event)
44 [machine: {uuid}] Power Off (Life Event)
40 [machine: {uuid}] Power Hold (Life Event)
40 [machine: {uuid}] Power Again (Life Event)
40 [machine: {uuid}] Took {f} seconds to build the machine.
38 [machine: {uuid}] Took {f} seconds to remove the machine on the host.
38 [machine: {uuid}] Took {f} seconds to free the network for the machine.
38 [machine: {uuid}] Claiming: memory {n} MB, disk {d} GB, cpus {d} CPU
36 [machine: {uuid}] Total memory: {n} MB, used: {f} MB
36 [machine: {uuid}] Total disk: {d} GB, used: {f} GB
36 [machine: {uuid}] memory limit: {f} MB, free: {f} MB
36 [machine: {uuid}] disk limit absent, unlimited
36 [machine: {uuid}] cpu limit absent, unlimited
34 [machine: {uuid}] Removing files {path}/{uuid}_del
34 [machine: {uuid}] Removal of {path}/{uuid}_del done
33 [machine: {uuid}] Making image
33 [machine: {uuid}] Machine is up.
33 [machine: {uuid}] Ending machine
60 image {uuid} at ({path}/{hex32}): checking
60 image {uuid} at ({path}/{hex32}): in use: here {d} local, {d} on other hosts
50 Base files in use: {path}/{hex32}
20 Unknown base file: {path}/{hex32}
20 Making event plug-in:{uuid} for machine {uuid}
""",
    ),
    "super": (
        "- 1117{n} 2026.06.03 R0{d}-M1-N{d}-C:J12-U11 2026-06-03-15.42.5{d}.3{n} R0{d}-M1-N{d}-C:J12-U11 RAS KERNEL INFO ",
        """
400 writing core.{n}
250 iar {hex8} dear {hex8}
150 {n} wide-unit alignment traps
120 {n} float unit alignment traps
150 node: could not read prefix on stream (Stream socket to {ipp}
90 CE sym {n}, at {hex}, mask {hex}
90 cache parity fault corrected
80 data TLB fault
60 total of {n} ddr fault(s) found and corrected
50 {n} L3 EDRAM fault(s) (dcr {hex}) found and corrected
40 node: Cannot load {path}: bad or absent program image, Not found
30 node: Cannot load {path}: bad or absent program image, Denied
30 critical stop (unit={hex} bit={hex}): warning for torus {axis} wire, no more of the same
20 machine check: i-fetch......................{d}
20 machine check: d-cache......................{d}
20 general state: {regs}
20 node: LOGIN chdir({path}) failed: Not found
10 ddr fault(s) found and corrected on rank {d}, symbol {d}, bit {d}
8 rts: stopped for reason {n}
""",
    ),
    "cluster": (
        "{n} node-{n} unix.hw state_change 1077{n} 1 ",
        """
300 State Change: Part \\042net{d}\\042 is in the gone state (ID={n})
250 Link fault on tree Switch-{d}T00:0{d}:{d}:{d}
120 Fans ( {nums} )
90 Power supply ( on on )
60 Power supply ( off on )
100 Temperature ({n}C) is over the limit
90 Storage domain storage{n} is full
80 Storage: a domain panic happened on storage{n}
120 Sending to domains:{range} and nodes:{range} child of order {n}
70 order {n} has been stopped
70 order {n} has finished well
90 {range} has found a network at {ip} on card ee{d}
60 sensor\\042=on temp={n}
20 not answering
20 answering again
""",
    ),
    "birds": (
        "- 1131{n} 2026.11.09 bird{n} Nov {d} 12:0{d}:0{d} bird{n}/bird{n} cron(pam)[{n}]: ",
        """
250 session opened for user root by (uid=0)
240 session closed for user root
200 (root) CMD (run-parts {path})
120 in step with {ip}, layer {d}
110 fetch_thread() had no answer from any [Bird_A{d}] source
80 connect from {ip}
80 DISCOVER from {mac} via eth{d}: network A: no free leases
60 REQUEST for {ip} ({ip}) from {mac} via eth{d}
60 from=<{user}@{host}>, size={n}, class={d}, nrcpts={d}, msgid=<{n}.{hex8}@{host}>, relay={host} [{ip}]
40 to=<{user}@{host}>, delay=00:0{d}:0{d}, xdelay=00:0{d}:0{d}, mailer=esmtp, pri={n}, stat=Sent
30 [IB_DRIVER][ib_poll.c:{n}]nothing to do, status {neg}
25 disk watch failed for {path}
25 link eth{d}: {n} Mbps full duplex
""",
    ),
    "windows": (
        "2026-09-28 04:30:{d}0, Info                  CBS    ",
        """
300 Loaded Stack v6.1.{n}.{n} with Core: {winpath}
280 Quality: Starting online with opt-in: False
250 Quality: Removing reports older than {d} days.
200 Quality: Asking to upload all reports.
150 Quality: Could not upload with pattern: {winpath}\\*.sqm, flags: {hex} [RESULT = {hex} - E_FAIL]
150 Read cached applicability for package: {kb}, ApplicableState: {n}, CurrentState:{n}
100 Session: {n}_{n} begun by client {client}.
90 Warning: Unknown packageX attribute.
90 Waiting for attribute name [RESULT = {hex} - E_ITEM]
90 Could not get next item [RESULT = {hex} - E_ITEM]
60 Reboot marks now: {d}
50 0000000{d}@2026/9/27:20:30:31.{n} Setup (wcp.dll version 0.0.0.{d}) called (stack @{hex} @{hex} @{hex})
20 Start: end of idle work, thread ended normally
20 Cleaner: Done, disposition: 0X{d}
10 Warning: Packages not shown: {kb}, {kb}
""",
    ),
    "linux": (
        "Jun {d} 15:1{d}:0{d} combo sshd(pam_unix)[{n}]: ",
        """
300 login failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={host}
200 login failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={ip}  user=root
10 login failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={ip}  user=guest
150 connection from {ip} ({host}) at {date}
80 connection from {ip} () at {date}
100 check passed over; user unknown
60 session opened for user news by (uid=0)
60 session closed for user news
30 session opened for user cyrus by (uid=0)
30 session closed for user cyrus
20 ALERT ended oddly with [{d}]
40 Login failed from {ip} ({ip}): Denied by replay cache
12 Kernel line: {path}
5 BIOS-e820: {hex8}{hex8} - {hex8}{hex8} (usable)
5 BIOS-e820: {hex8}{hex8} - {hex8}{hex8} (reserved)
4 Checking for bug one... OK.
4 Checking for bug two... OK.
""",
    ),
    "desk": (
        "Jul  {d} 09:0{d}:5{d} visitor-10-105-{d} kernel[0]: ",
        """
90 ART: {n}.{n}: Air_Brcm{n}::powerOn: WOW[on]
90 ART: {n}.{n}: Air_Brcm{n}::powerOff: WOW[off]
80 en{d}: channel now {n}
80 Last sleep cause: {d}
70 Cam::wakeCall - type = {hex}
70 Script fault for '{hex}': codes must have four letters.
60 name now {host}
60 {label}.cleanup: told to run now; however, the start is {n} seconds off. Ignored.
50 [{n}:{n}] Power view: asleep for {dur}
40 FA||Url||task[{n}] gone
40 dns_Drop: frequent changes on awd{d} (FE80:0:0:0:D8A5:90FF:FEF5:7FFF)
30 Sandbox: {name}({n}) deny({d}) mach-lookup {label}
30 {hex}: link up, speed {n}, full
25 ***Connection closed by peer***
25 Opened the store at '{path}'
20 thread {hex} waited too long for {name}
20 Could not find property for "{name} {d}"
""",
    ),
    "phone": (
        "03-17 16:1{d}:3{d}.8{d}1  {n}  {n} D WindowManager: ",
        """
200 take lock={n}, flags={hex}, tag="View Lock", name=com.example.ui, ws=null, uid={n}, pid={n}
150 take lock={n}, flags={hex}, tag="Radio Ack", name=com.example.phone, ws=null, uid={n}, pid={n}
150 drop lock={n}, flg={hex}, tag="View Lock", name=com.example.ui", ws=null, uid={n}, pid={n}
150 ready={bool},policy={d},wake={d},sum={hex},boot={bool},mode={bool},manual={n},auto={neg},adj={f}userId={d}
150 showing app token = AppToken{{{hex8} token=Token{{{hex8} Record{{{hex8} u0 com.example/.{class} t{n}}}}}}}, allDrawn= {bool}, moved =  {bool}
120 setVisibility vis={hex8} mask={d} old={hex8} new={hex8} diff={d}
90 Light in ={n}
90 Light out ={n}
70 getProcesses: caller {n} has no REAL_TASKS; limited
70 getJobs: caller {n} has no REAL_TASKS; limited
60 playEffect   kind: {d}
50 Skip AppToken{{{hex8} token=Token{{{hex8} Record{{{hex8} u0 com.example/.{class} t{n}}}}}}} -- hidden soon
40 Start of show of {class}
30 seen is {bool}
30 handle(): {class} took {dur}
""",
    ),
    "steps": (
        "202612{d}{d}-22:15:2{d}:60{d}|Step_Core|3000{n}|",
        """
300 onStand {n}
280 onMore:{n} {n} {d} {d}
200 getToday = {vals}
200 setToday={vals}
150 countCalories total={n}
150 countHeight total={n}
120 SUM : {n} {n} {n} {n}
60 handle event:app.intent.action.SCREEN_ON
60 handle event:app.intent.action.SCREEN_OFF
60 handle event:app.intent.action.TICK
40 store to disk
40 toEngine time={n},{d},{d},{d},{d}
30 screen not known,take it as on
20 wait {dur}
""",
    ),
    "web": (
        "[Sun Dec 04 04:4{d}:4{d} 2026] [notice] ",
        """
600 worker.init() ok {path}
500 mod_x child worker in state {d}
450 x_init() Found child {n} in board slot {d}
50 [client {ip}] Listing denied by rule: {path}/
20 x_init() No child {n} in board
10 mod_x child init {d} {neg}
""",
    ),
    "shell": (
        "Dec 10 06:5{d}:4{d} lab sshd[{n}]: ",
        """
300 Wrong password for root from {ip} port {n} ssh2
200 Wrong password for invalid user {user} from {ip} port {n} ssh2
200 Invalid user {user} from {ip}
180 request: invalid user {user} [preauth]
170 pam: login failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}
150 pam: login failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}  user=root
150 pam: check pass; user unknown
130 Disconnect from {ip}: {d}: Bye Bye [preauth]
70 error: Disconnect from {ip}: {d}: No more methods. [preauth]
80 reverse lookup for {host} [{ip}] failed - PERHAPS AN ATTACK!
60 Closed by {ip} [preauth]
30 repeated {d} times: [ Wrong password for root from {ip} port {n} ssh2]
20 Too many failures for {user} [preauth]
""",
    ),
    "proxy": (
        "[11.30 16:4{d}:0{d}] {name}.exe *64 - ",
        """
450 {hostp} open through gate {hostp} HTTPS
90 {hostp} open through gate {hostp} SOCKS
300 {hostp} closed, {n} bytes sent, {n} bytes received, lifetime {life}
200 {hostp} closed, {n} bytes ({size}) sent, {n} bytes ({size}) received, lifetime {life}
150 {hostp} closed, {n} bytes sent, {n} bytes ({size}) received, lifetime {life}
60 {hostp} closed, {n} bytes ({size}) sent, {n} bytes received, lifetime {life}
40 {hostp} fault : No way through gate {hostp} - no link to the target, code {n}
20 open directly
""",
    ),
}
