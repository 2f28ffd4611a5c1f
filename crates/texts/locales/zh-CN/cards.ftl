# 卡：绑定和库存。

problem-cards-number-missing = 请填卡上的序列号、EID 或 ICCID。
problem-cards-number-long = 卡上没有这么长的号码。还没有绑定，也没有扣费。
problem-cards-eid-wrong = 这串32位的 EID 校验不对，多半是抄错了一位。还没有绑定，也没有扣费。
problem-cards-digits-count = 这里有{ $count }位数字。EID 是32位，ICCID 是18到20位。还没有绑定，也没有扣费。
problem-cards-serial-wrong = 这个序列号有一个字符抄错了，请一组一组和卡上对照。还没有绑定，也没有扣费。
problem-cards-code-missing = 这个号码还要配上卡的绑定码，它证明卡在你手里。
problem-cards-code-long = 绑定码没有这么长。
problem-cards-not-bound = 用你填的内容绑不了这张卡。请和卡上对照号码和绑定码。还没有绑定，也没有扣费。
problem-cards-not-bound-luhn = 用你填的内容绑不了这张卡。这个 ICCID 的最后一位和前面对不上，可能抄错了一位。还没有绑定，也没有扣费。
problem-cards-label-long = 最多{ $most }个字符。
problem-cards-label-odd = 只能用文字、数字和常用符号。

problem-cards-file-unreadable = 这不是 UTF-8 编码的 CSV 文件。
problem-cards-file-long = 文件太长，一次最多{ $most }张卡。
problem-cards-column-unknown = 没有“{ $column }”这一列。
problem-cards-column-twice = “{ $column }”这一列出现了两次。
problem-cards-column-missing = 缺少“{ $column }”这一列。
problem-cards-line-fields = 应有{ $wanted }个字段，实际{ $found }个。
problem-cards-line-repeated = 和第{ $line }行相同。
problem-cards-line-known = 库存里已经有了。
problem-cards-iccid-wrong = 不是 ICCID：应为18到20位数字。
problem-cards-iccid-luhn = 最后一位和前面对不上。
problem-cards-imsi-wrong = 不是 IMSI：应为6到15位数字。
problem-cards-msisdn-wrong = 不是带国家代码的电话号码：应为4到15位数字。
problem-cards-carrier-wrong = 运营方名称只能用小写字母、数字、- 和 _，最多32个。
problem-cards-code-weak = 绑定码至少8个字符；全是数字时至少13个。
problem-cards-field-long = 最多{ $most }个字符。
problem-cards-inventory-moved = 库存刚刚有变动，什么都没有添加，请再试一次。
problem-cards-make-many = 一次最多{ $most }张卡。

cards-bind-title = 绑定 eSIM 卡
cards-bind-why = 绑定后，这张卡的余量、续订和退款都归到你的账户。
cards-bind-number = 序列号、EID 或 ICCID
cards-bind-number-hint = 三种号码填哪个都行，空格和横线不用管。
cards-bind-code = 绑定码
cards-bind-code-hint = 填 EID、ICCID 或其他厂家的序列号时要填。Heyon 序列号不用。
cards-bind-button = 绑定这张卡
cards-where = 号码在哪里
cards-where-drawing = 序列号印在卡背面右下角，条形码上方；EID 在卡面中央
cards-where-serial = 序列号
cards-where-eid = EID，32位
cards-where-phone = 手机里也能查：拨 *#06#，显示的 EID 就是它。
cards-where-code = 绑定码印在卡上或包装上，它证明卡在你手里。
