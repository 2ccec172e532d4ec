using GovChain.Node.Commands;
using NUnit.Framework;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>Goal: no record, however hostile, drives the terminal of the clerk who looks at it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TerminalTextTests
{
    [TestCase("\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007")]
    [TestCase("\u001b[2J\u001b[H", "\\u001b[2J\\u001b[H")]
    [TestCase("\u009b31m", "\\u009b31m")]
    [TestCase("a\rb\u0008c\u007f", "a\\u000db\\u0008c\\u007f")]
    [TestCase("pay \u202e001\u202c", "pay \\u202e001\\u202c")]
    [TestCase("\u2066x\u2069\u200b\ufeff", "\\u2066x\\u2069\\u200b\\ufeff")]
    [TestCase("a\u2028b\u2029", "a\\u2028b\\u2029")]
    public void Escape_WhatDrivesATerminal_IsSpeltOut(string text, string expected) =>
        Assert.That(TerminalText.Escape(text, keepLines: true), Is.EqualTo(expected));

    [TestCase("Zhāng 北京市 😀 👩‍⚕️ naïve मानक\u200cहिन्दी")]
    [TestCase("line\n\tline")]
    [TestCase("")]
    public void Escape_WhatPeopleWrite_IsLeftAlone(string text) =>
        Assert.That(TerminalText.Escape(text, keepLines: true), Is.SameAs(text));

    [Test]
    public void Escape_HalfOfASurrogatePair_IsSpeltOut() => // no test case's name could hold one
        Assert.That(TerminalText.Escape("a\ud800b\udc00", keepLines: true), Is.EqualTo("a\\ud800b\\udc00"));

    [Test]
    public void Escape_AValueOnOneLine_CannotBeginAnother() =>
        Assert.That(TerminalText.Escape("new\n  block 5, position 9", keepLines: false), Is.EqualTo("new\\u000a  block 5, position 9"));

    [Test]
    public void Escape_EveryControlCharacter_NeverComesThrough()
    {
        for (int c = 0; c <= char.MaxValue; c++)
        {
            string escaped = TerminalText.Escape($"a{(char)c}b", keepLines: false);
            Assert.That(escaped.Any(char.IsControl), Is.False, $"U+{c:X4}");
        }
    }
}
