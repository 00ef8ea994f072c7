/** What may be a password: long enough, and none of those that are tried first. Pure; after NIST SP 800-63B §5.1.1.2, so no rules about kinds of characters. */

export const passwordLengthMin = 10;
/** Longer ones would only make the hash slow. */
export const passwordLengthMax = 256;

/** Those of at least the least length that stand at the top of lists of leaked ones, and what people make of them. */
const COMMON: ReadonlySet<string> = new Set(
  `1234567890 12345678910 0123456789 9876543210 123456789a 123456789q 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 qwertyuiop
  qwertyuiop123 qwerty12345 qwerty123456 qwertyqwerty asdfghjkl1 asdfghjkl123 password123 password1234 password12345 passw0rd123 p@ssw0rd123
  p@ssword123 password!123 passwordpassword mypassword1 changeme123 changemenow changeit123 letmein123 letmein1234 welcome123 welcome1234
  iloveyou123 iloveyou12 iloveyou1234 abcdefghij abcdefghijk abcdefg123 abcd123456 abc1234567 abcabcabca aaaaaaaaaa 1111111111 0000000000
  1212121212 1231231231 123123123123 1234512345 12341234123 11111111111 administrator administrator1 admin12345 admin123456 adminadmin
  adminadmin1 administrator123 superadmin superadmin1 rootroot123 football123 baseball123 basketball superman123 batman12345 princess123
  sunshine123 monkey12345 dragon12345 master12345 michael1234 trustno1trustno1 computer123 internet123 whatever123 starwars123 liverpool123
  manchester chelsea1234 samsung123 google12345 facebook123 linkedin123 correcthorsebatterystaple default123 secret12345 topsecret123
  test123456 testtest123 testing123 guest12345 guestguest user123456 useruser12 temp123456 temppassword operator123 operator1234
  gateway123 gateway1234 weirweirweir weiradmin123 weirgateway weir123456`
    .split(/\s+/)
    .map(plain),
);

/** Null: it may be one. */
export function faultOfPassword(password: string, login: string): { message: string; cure: string } | null {
  const length = [...password].length;
  if (length < passwordLengthMin)
    return { message: `is shorter than ${passwordLengthMin} characters`, cure: 'take a few words in a row' };
  if (length > passwordLengthMax)
    return { message: `is longer than ${passwordLengthMax} characters`, cure: `take at most ${passwordLengthMax}` };
  const bare = plain(password);
  const name = plain(login);
  // Whatever stands before an @ is a name as well.
  const names = [name, name.replace(/@.*$/, '')].filter((each) => each.length >= 3);
  if (names.some((each) => bare.replaceAll(each, '').length < 4))
    return { message: 'is the login, or little more', cure: 'take one that has nothing to do with the login' };
  if (new Set(bare).size < 4) return { message: 'has too few different characters', cure: 'take a few words in a row' };
  if (COMMON.has(bare)) return { message: 'is one of those that are tried first', cure: 'take a few words in a row' };
  return null;
}

/** A password is the same however its characters were composed by a keyboard. */
export function sameForm(password: string): string {
  return password.normalize('NFC');
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
