using System.Text;
using CsCheck;
using GovChain.Client.Keys.Tokens;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys.Tokens;

/// <summary>
/// Goal: a key's URI is read as RFC 7512 writes it and no further, whatever is wrong has a sentence of its own, and no sentence
/// repeats what might be a PIN.
/// </summary>
public sealed class TokenUriTest
{
    private const string Module = "?module-path=/usr/lib/softhsm/libsofthsm2.so";

    [Test]
    public void Parse_AllThatNamesAKey_IsRead()
    {
        TokenUri uri = TokenUri.Parse(
            "PKCS11:token=land%20registry;serial=12ab;manufacturer=Ex%C3%A4mple;model=v2;object=validator%3B1;id=%00%FFa;type=private"
            + "?pin-source=file:///etc/govchain/pin&module-path=%2Fusr/lib/hsm.so");
        Assert.Multiple(() =>
        {
            Assert.That(uri.Token, Is.EqualTo("land registry"));
            Assert.That(uri.Serial, Is.EqualTo("12ab"));
            Assert.That(uri.Manufacturer, Is.EqualTo("Exämple"));
            Assert.That(uri.Model, Is.EqualTo("v2"));
            Assert.That(uri.Object, Is.EqualTo("validator;1"));
            Assert.That(uri.Id!.Value.ToArray(), Is.EqualTo(new byte[] { 0x00, 0xff, (byte)'a' }));
            Assert.That(uri.PinSource, Is.EqualTo("/etc/govchain/pin"));
            Assert.That(uri.ModulePath, Is.EqualTo("/usr/lib/hsm.so"));
        });
    }

    [TestCase("file:/etc/pin"), TestCase("file:///etc/pin"), TestCase("/etc/pin")]
    public void Parse_PinSource_IsAFileInEachSpelling(string source) =>
        Assert.That(TokenUri.Parse($"pkcs11:token=a;object=b{Module}&pin-source={source}").PinSource, Is.EqualTo("/etc/pin"));

    [TestCase("pkcs11:", "module-path")]
    [TestCase("pkcs11:token=a;object=b", "\"module-path\" is missing")]
    [TestCase("file:token=a;object=b" + Module, "does not begin")]
    [TestCase("pkcs11:object=b" + Module, "names no token")]
    [TestCase("pkcs11:token=a" + Module, "names no key")]
    [TestCase("pkcs11:token=;object=b" + Module, "\"token\" is empty")]
    [TestCase("pkcs11:token=a;object=b;" + Module, "none of token")]
    [TestCase("pkcs11:token=a;;object=b" + Module, "none of token")]
    [TestCase("pkcs11:token=a;object=b;colour=blue" + Module, "none of token")]
    [TestCase("pkcs11:token=a;object=b;x-vendor=1" + Module, "none of token")]
    [TestCase("pkcs11:Token=a;object=b" + Module, "none of token")]
    [TestCase("pkcs11:token=a;object=b;token=c" + Module, "\"token\" stands there twice")]
    [TestCase("pkcs11:token=a;object=b;slot-id=3" + Module, "\"slot-id\" is refused")]
    [TestCase("pkcs11:token=a;object=b;library-version=3" + Module, "\"library-version\" is refused")]
    [TestCase("pkcs11:token=a;object=b;type=public" + Module, "\"type\" is not private")]
    [TestCase("pkcs11:token=a b;object=b" + Module, "must be written as %HH")]
    [TestCase("pkcs11:token=a/b;object=b" + Module, "must be written as %HH")]
    [TestCase("pkcs11:token=ä;object=b" + Module, "must be written as %HH")]
    [TestCase("pkcs11:token=%4;object=b" + Module, "two hexadecimal digits")]
    [TestCase("pkcs11:token=a;object=%zz" + Module, "two hexadecimal digits")]
    [TestCase("pkcs11:token=%C3;object=b" + Module, "not UTF-8")]
    [TestCase("pkcs11:token=a%0Ab;object=b" + Module, "control character")]
    [TestCase("pkcs11:token=a;object=b?module-path=hsm.so", "no absolute path")]
    [TestCase("pkcs11:token=a;object=b?module-path=//host/hsm.so", "no absolute path")]
    [TestCase("pkcs11:token=a;object=b?module-path=file://host/hsm.so", "no absolute path")]
    [TestCase("pkcs11:token=a;object=b?module-name=softhsm", "\"module-name\" is refused")]
    [TestCase("pkcs11:token=a;object=b" + Module + "&pin-source=|/bin/pin", "no absolute path")]
    [TestCase("pkcs11:token=a;object=b" + Module + "&pin-source=pin", "no absolute path")]
    [TestCase("pkcs11:token=a;object=b" + Module + "&module-path=/b", "\"module-path\" stands there twice")]
    [TestCase("pkcs11:token=a;object=b" + Module + "#part", "must be written as %HH")]
    public void Parse_Wrong_SaysWhat(string text, string said)
    {
        TokenException refused = Assert.Throws<TokenException>(() => TokenUri.Parse(text))!;
        Assert.That(refused.Error, Is.EqualTo(TokenError.TokenUriInvalid));
        Assert.That(refused.Message, Does.Contain(said));
    }

    [TestCase("pkcs11:token=a;object=b?pin-value=4711-secret")]
    [TestCase("pkcs11:token=a;object=b" + Module + "&pin-value=4711-secret")]
    [TestCase("pkcs11:token=a;object=b;pin-value=4711-secret" + Module)]
    [TestCase("pkcs11:token=a;object=b;4711-secret" + Module)]
    [TestCase("pkcs11:token=a;object=b;4711-secret=x" + Module)]
    [TestCase("pkcs11:token=a;object=4711-secret%" + Module)]
    [TestCase("pkcs11:token=a;object=b" + Module + "&pin-source=4711-secret")]
    public void Parse_WithWhatMightBeAPin_IsRefusedAndNotRepeated(string text)
    {
        TokenException refused = Assert.Throws<TokenException>(() => TokenUri.Parse(text))!;
        Assert.That(refused.ToString(), Does.Not.Contain("4711-secret"));
    }

    [Test]
    public void Parse_PinValue_SaysWhyAndWhatInstead() => Assert.That(
        () => TokenUri.Parse("pkcs11:token=a;object=b" + Module + "&pin-value=1234"),
        Throws.TypeOf<TokenException>().With.Message.Contains("a PIN in a URI is seen").And.Message.Contains("pin-source=file:/"));

    [Test]
    public void Parse_AtAndAboveEachBound_IsReadAndRefused()
    {
        string Text(int label, int id) => $"pkcs11:token={new string('a', label)};id={string.Concat(Enumerable.Repeat("%00", id))}{Module}";
        Assert.That(TokenUri.Parse(Text(TokenUri.TextBytesMax, TokenUri.IdBytesMax)).Id!.Value.Length, Is.EqualTo(TokenUri.IdBytesMax));
        Assert.That(() => TokenUri.Parse(Text(TokenUri.TextBytesMax + 1, 1)), Throws.TypeOf<TokenException>().With.Message.Contains("255"));
        Assert.That(() => TokenUri.Parse(Text(1, TokenUri.IdBytesMax + 1)), Throws.TypeOf<TokenException>().With.Message.Contains("64"));
        string path = "pkcs11:token=a;object=b?module-path=/" + new string('m', TokenUri.PathBytesMax);
        Assert.That(() => TokenUri.Parse(path), Throws.TypeOf<TokenException>().With.Message.Contains("1024"));
        Assert.That(TokenUri.Parse(path[..^1]).ModulePath, Has.Length.EqualTo(TokenUri.PathBytesMax));
        Assert.That(() => TokenUri.Parse(TokenUri.Scheme + new string('a', TokenUri.CharsMax)),
            Throws.TypeOf<TokenException>().With.Message.Contains("4096"));
    }

    [Test]
    public void ToString_OfAnyKey_ReadsAsTheSame()
    {
        Gen<string> text = Gen.Char.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Array[1, 40].Select(c => new string(c));
        Gen.Select(text, text, Gen.Byte.Array[1, TokenUri.IdBytesMax]).Sample((token, label, id) =>
        {
            string Escape(IEnumerable<byte> bytes) => string.Concat(bytes.Select(b => $"%{b:x2}"));
            TokenUri uri = TokenUri.Parse($"pkcs11:id={Escape(id)};object={Escape(Encoding.UTF8.GetBytes(label))};"
                + $"token={Escape(Encoding.UTF8.GetBytes(token))}{Module}&pin-source=/p%20q");
            TokenUri again = TokenUri.Parse(uri.ToString());
            return (again.Token, again.Object, again.ModulePath, again.PinSource, again.ToString())
                    == (token, label, uri.ModulePath, "/p q", uri.ToString())
                && again.Id!.Value.Span.SequenceEqual(id);
        });
    }

    [Test]
    public void Parse_AnyText_IsReadOrRefused()
    {
        string[] starts = ["", TokenUri.Scheme, "pkcs11:token=a;object=b?", "pkcs11:token=%"];
        Gen.Select(Gen.Int[0, starts.Length - 1], Gen.String).Sample((start, end) =>
        {
            try
            {
                _ = TokenUri.Parse(starts[start] + end);
            }
            catch (TokenException)
            {
            }
        });
    }
}
