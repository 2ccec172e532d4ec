namespace GovChain.Client.Keys;

/// <summary>Asks at the terminal.</summary>
internal static class Terminal
{
    /// <summary>
    /// Shows the prompt on the error stream, so that output can be piped, and reads a line without showing it.
    /// The caller wipes what is returned.
    /// </summary>
    /// <remarks>Keeps one character more than <see cref="Passphrase.CharsMax"/>, enough to refuse them.</remarks>
    public static char[] ReadHidden(string prompt)
    {
        Console.Error.Write(prompt);
        char[] typed = new char[Passphrase.CharsMax + 1];
        int length = 0;
        for (; ; )
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
                break;
            if (key.Key == ConsoleKey.Backspace)
                length = Math.Max(0, length - 1);
            else if (!char.IsControl(key.KeyChar) && length < typed.Length)
                typed[length++] = key.KeyChar;
        }
        Console.Error.WriteLine();
        char[] line = typed[..length];
        Array.Clear(typed);
        return line;
    }
}
